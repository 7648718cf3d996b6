"""A diagnosis as the bug report that an upstream project asks for: its fields in its order.

The forms are data (`forms/*.toml`, with the version of the template that they were read from). Nothing but measured
facts and the user's own words goes into a field; what a project wants and nobody measured is said to be missing.
"""

from doctor.report.upstream.filling import Filled, fill
from doctor.report.upstream.forms import Form, chosen_form, forms

__all__ = ["Filled", "Form", "chosen_form", "fill", "forms"]
