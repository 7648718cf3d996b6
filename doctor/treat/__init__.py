"""Remedies carried out on consent, written down before they are done, verified, and taken back.

Nothing else in the program changes anything on the machine but files that the user names for output.
"""
