"""The questions of P18 as data: the tools on offer, what is asked, and which calls are right. Nothing is executed."""

from typing import Any

import msgspec

Tool = dict[str, Any]
Schema = dict[str, Any]


def tool(name: str, description: str, properties: dict[str, Any], required: list[str]) -> Tool:
    """A function in the form of the OpenAI contract."""
    parameters: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        parameters["required"] = required
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


STRING: Schema = {"type": "string"}
WEATHER = tool(
    "get_weather",
    "Get the weather for a city",
    {"city": STRING, "unit": {"type": "string", "enum": ["c", "f"]}},
    ["city"],
)
CURRENCY = tool(
    "convert_currency",
    "Convert an amount between currencies",
    {"amount": {"type": "number"}, "from": STRING, "to": STRING},
    ["amount", "from", "to"],
)
EVENT = tool(
    "create_event",
    "Create a calendar event",
    {
        "title": STRING,
        "date": {"type": "string", "description": "YYYY-MM-DD"},
        "guests": {"type": "array", "items": STRING},
    },
    ["title", "date", "guests"],
)
TIME = tool("get_server_time", "Get the current server time", {}, [])
# Names and arguments that are easily taken for those of CURRENCY.
LOOK_ALIKES = (
    tool("currency_history", "Past rates of a currency", {"code": STRING, "date": STRING}, ["code", "date"]),
    tool("convert_units", "Convert lengths and weights", {"value": {"type": "number"}, "unit": STRING}, ["value"]),
    tool("get_currency", "Name of the currency of a country", {"country": STRING}, ["country"]),
)


class Accepts(msgspec.Struct, frozen=True, kw_only=True):
    """What an argument may be, compared as a parsed value; any of the fields suffices."""

    values: tuple[Any, ...] = ()  # equal, and of the same kind: 250 and 250.0, not "250"
    texts: tuple[str, ...] = ()  # equal but for case and outer space
    holding: tuple[str, ...] = ()  # a text that holds one of these, whatever the case
    members: tuple[str, ...] = ()  # a list of just these texts, in any order
    optional: bool = False


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """One call that must be made; arguments that are not named here must not be given."""

    name: str
    arguments: dict[str, Accepts] = {}


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One question with tools on offer. Nothing expected: no call may be made."""

    id: str
    text: str
    tools: tuple[Tool, ...]
    expected: tuple[Expected, ...] = ()
    paraphrases: tuple[str, ...] = ()  # the same in other words: two of three decide (depth deep)
    max_tokens: int = 96

    @property
    def offered(self) -> tuple[str, ...]:
        """Names of the tools on offer."""
        return tuple(each["function"]["name"] for each in self.tools)


CELSIUS = Accepts(values=("c",))
ANY_UNIT = Accepts(values=("c", "f"), optional=True)
DOLLARS = Accepts(texts=("usd", "us dollar", "us dollars", "dollar", "dollars", "united states dollar", "us$", "$"))
EUROS = Accepts(texts=("eur", "euro", "euros", "€"))
OSLO = Expected(name="get_weather", arguments={"city": Accepts(holding=("oslo",)), "unit": CELSIUS})
IN_EUROS = Expected(name="convert_currency", arguments={"amount": Accepts(values=(250,)), "from": DOLLARS, "to": EUROS})

SIMPLE = Item(
    id="T1",
    text="What is the weather in Oslo, in celsius?",
    tools=(WEATHER,),
    expected=(OSLO,),
    paraphrases=("Tell me the weather in Oslo, please. Use celsius.", "How is the weather in Oslo now, in celsius?"),
)
MULTIPLE = Item(
    id="T2",
    text="How much is 250 US dollars in euros?",
    tools=(WEATHER, CURRENCY, EVENT, TIME),
    expected=(IN_EUROS,),
    paraphrases=("Convert 250 US dollars to euros.", "I have 250 US dollars. What is that in euros?"),
)
PARALLEL = Item(
    id="T3",
    text="Compare the weather in Lima and Cairo.",
    tools=(WEATHER,),
    expected=tuple(
        Expected(name="get_weather", arguments={"city": Accepts(holding=(city,)), "unit": ANY_UNIT})
        for city in ("lima", "cairo")
    ),
    paraphrases=("What is the weather in Lima and in Cairo?", "Is it warmer in Lima or in Cairo? Look up both."),
)
NESTED = Item(
    id="T4",
    text="Book 'Standup' on 3 March 2031 with Ana and Li.",
    tools=(EVENT,),
    expected=(
        Expected(
            name="create_event",
            arguments={
                "title": Accepts(holding=("standup",)),
                "date": Accepts(values=("2031-03-03",)),
                "guests": Accepts(members=("Ana", "Li")),
            },
        ),
    ),
    paraphrases=(
        "Create an event 'Standup' on 3 March 2031. The guests are Ana and Li.",
        "Put 'Standup' into the calendar for 3 March 2031 and invite Ana and Li.",
    ),
    max_tokens=128,
)
GOODBYE = Item(id="T5", text="Thanks, that is all. Say goodbye.", tools=(WEATHER, CURRENCY), max_tokens=32)
# Asked only when a tool was called at the goodbye: two of three decide.
GOODBYES = tuple(
    msgspec.structs.replace(GOODBYE, id=f"T5{letter}", text=text)
    for letter, text in (("b", "Hello."), ("c", "Thank you, goodbye."))
)
UNFINISHED = Item(
    id="T6",
    text="Convert 40 euros.",
    tools=(CURRENCY,),
    paraphrases=("I want to convert 40 euros.", "Please exchange 40 euros for me."),
    max_tokens=64,
)
EMPTY = Item(
    id="T7",
    text="What time is it on the server?",
    tools=(TIME,),
    expected=(Expected(name="get_server_time"),),
    paraphrases=("Tell me the server's time.", "What is the current server time?"),
    max_tokens=48,
)
LOOK_ALIKE = Item(
    id="T9",
    text=MULTIPLE.text,
    tools=(*LOOK_ALIKES, CURRENCY),
    expected=(IN_EUROS,),
    paraphrases=MULTIPLE.paraphrases,
)

QUICK = (SIMPLE, MULTIPLE, PARALLEL)
DEEP = (*QUICK, NESTED, UNFINISHED, EMPTY, LOOK_ALIKE)
