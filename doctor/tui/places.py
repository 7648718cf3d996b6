"""The screens that the number keys open, in their order."""

import msgspec


class Place(msgspec.Struct, frozen=True):
    """A screen: the key that opens it, its name for the app, its title, and what it is for."""

    key: str
    name: str
    title: str
    says: str


PLACES = (
    Place("1", "overview", "Overview", "the servers, what is wrong, and the machine's vital signs"),
    Place("2", "causes", "Causes", "every cause with its proof, and what was ruled out or not evaluated"),
    Place("3", "fit", "Fit", "what a model needs under other settings, and whether it fits"),
    Place("4", "history", "History", "reports that were kept, and what changed between two of them"),
    Place("5", "report", "Report", "a bug report for the project whose server it is, redacted"),
    Place("6", "ask", "Ask", "what goes wrong in your own words, and the few checks that tell the likely causes apart"),
)
