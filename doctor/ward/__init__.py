"""The ward: patients, real engines made ill on purpose, for the demo, the tests and authors of plug-ins."""

from doctor.ward.patients import Patient, patient, shipped
from doctor.ward.run_ward import admitted

__all__ = ["Patient", "admitted", "patient", "shipped"]
