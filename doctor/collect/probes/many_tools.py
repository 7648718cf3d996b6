"""Twenty tools as an agent brings them, for T8: their definitions take about two thousand prompt tokens."""

import msgspec

from doctor.collect.probes.tool_items import OSLO, SIMPLE, WEATHER, Item, Tool, tool

# Name, description, and parameter -> description. All parameters are texts.
DEFINITIONS: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "read_file",
        "Read a file of the workspace and return its text with line numbers",
        {"path": "Path of the file", "first": "First line to return", "last": "Last line to return"},
    ),
    (
        "write_file",
        "Write a text to a file of the workspace and replace what was in it before",
        {"path": "Path of the file", "text": "The new text of the file"},
    ),
    (
        "list_folder",
        "List the files and folders in a folder of the workspace with their sizes",
        {"path": "Path of the folder", "pattern": "Only names that fit this pattern"},
    ),
    (
        "search_text",
        "Search all files of the workspace for a text and return the lines that hold it",
        {"text": "The text to look for", "path": "Folder to begin with", "limit": "How many lines at most"},
    ),
    (
        "run_tests",
        "Run the tests of the project and return which of them failed and why",
        {"path": "Folder or file with tests", "name": "Only tests with this name"},
    ),
    (
        "send_mail",
        "Send a mail to one or more people and return the number of the message",
        {"to": "Addresses, with commas between them", "subject": "Subject of the mail", "text": "Text of the mail"},
    ),
    (
        "search_mail",
        "Search the mail box for messages and return sender, date and subject of each",
        {"text": "Words that the message holds", "sender": "Address of the sender", "since": "Date of the oldest"},
    ),
    (
        "create_event",
        "Create an event in the calendar and invite other people to it",
        {"title": "Title of the event", "date": "Day of the event", "guests": "Names of the guests"},
    ),
    (
        "list_events",
        "List the events of the calendar between two days with their guests",
        {"first": "First day to list", "last": "Last day to list"},
    ),
    (
        "create_note",
        "Write a note into the notebook and return the number of the note",
        {"title": "Title of the note", "text": "Text of the note", "tags": "Words to find it again"},
    ),
    (
        "search_notes",
        "Search the notebook for notes that hold a text and return their titles",
        {"text": "The text to look for", "tags": "Only notes with these words"},
    ),
    (
        "search_web",
        "Search the web and return title, address and a short piece of each page",
        {"query": "What to search for", "limit": "How many pages at most"},
    ),
    (
        "open_page",
        "Open a page of the web and return its text without menus and pictures",
        {"address": "Address of the page"},
    ),
    (
        "convert_currency",
        "Convert an amount of money from one currency into another at the rate of today",
        {"amount": "The amount to convert", "from": "Currency of the amount", "to": "Currency of the result"},
    ),
    (
        "translate_text",
        "Translate a text from one language into another and keep its form",
        {"text": "The text to translate", "to": "Language of the result"},
    ),
    (
        "find_place",
        "Find a place by its name and return its address and opening hours",
        {"name": "Name of the place", "city": "City to look in"},
    ),
    (
        "plan_route",
        "Plan a route between two places and return its length and time",
        {"start": "Where the route starts", "end": "Where the route ends", "by": "On foot, by car or by train"},
    ),
    (
        "set_reminder",
        "Set a reminder that shows a text at a time of the day",
        {"text": "Text of the reminder", "time": "When to show it"},
    ),
    (
        "query_table",
        "Ask the database a question in its own language and return the rows",
        {"query": "The question to the database", "limit": "How many rows at most"},
    ),
)


def padded(name: str, description: str, parameters: dict[str, str]) -> Tool:
    """A tool of the list; the first parameter is required."""
    properties = {key: {"type": "string", "description": text} for key, text in parameters.items()}
    return tool(name, description, properties, list(parameters)[:1])


# The tool that is needed stands first, where a cut at the front begins.
TOOLS = (WEATHER, *(padded(*each) for each in DEFINITIONS))
MANY = msgspec.structs.replace(SIMPLE, id="T8", tools=TOOLS, expected=(OSLO,))
FEWER = msgspec.structs.replace(MANY, id="T8 fewer", tools=TOOLS[:15])


def length(item: Item) -> int:
    """Characters of the definitions on offer: their tokens grow in proportion."""
    return sum(len(str(each)) for each in item.tools)
