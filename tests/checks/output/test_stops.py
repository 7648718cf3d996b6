"""The stops check on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Echo, Exchange, ListAnswer
from tests.given import run_check, symptoms


def said(text: str, finish: str = "stop") -> Exchange:
    return Exchange(purpose="P04", status=200, content=text, finish_reason=finish, max_tokens=32)


def echo(text: str) -> Echo:
    return Echo(expected="line", exchange=said(text), similarity=1.0)


INVENTED = "apple\nbanana\norange\nuser\nWhat is 18 + 2?\nassistant\n20"
MARKED = "apple<|im_end|>\n<|im_start|>user\nhello"
CHATTY = "Here are three fruits:\n\n1. Apple: sweet and crisp\n2. Banana: soft and yellow\n3. Orange: juicy and"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([ListAnswer(exchange=said("apple\nbanana\norange"))], []),
        ([ListAnswer(exchange=said(CHATTY, "length"))], []),
        ([ListAnswer(exchange=said(INVENTED, "length"))], ["runs-on"]),
        ([ListAnswer(exchange=said(MARKED, "length"))], ["marker-leak", "runs-on"]),
        (
            [ListAnswer(exchange=said(MARKED, "length"), end_marker="<|im_end|>", with_stop=said("apple"))],
            ["marker-leak", "runs-on", "stop-marker-cures"],
        ),
        (
            [ListAnswer(exchange=said(MARKED, "length"), end_marker="<|im_end|>", with_stop=said(MARKED, "length"))],
            ["marker-leak", "runs-on"],
        ),
        ([ListAnswer(exchange=said("assistant\napple")), echo("assistant\nline")], ["role-word-leak"]),
        ([ListAnswer(exchange=said("assistant\napple")), echo("line")], []),
        ([ListAnswer(exchange=said("apple")), echo("line</s>")], ["marker-leak"]),
        (
            [ListAnswer(exchange=said("apple\nbanana<|im_end|>")), echo("line<|im_end|>")],
            ["marker-leak", "end-marker-shown"],
        ),
        ([ListAnswer(exchange=said("apple\nbanana<|im_end|>")), echo("line")], ["marker-leak"]),
        ([ListAnswer(exchange=said("apple <|im_end|> banana and more")), echo("line<|im_end|>")], ["marker-leak"]),
        (
            [ListAnswer(exchange=said("apple\nbanana<|im_end|>", "length")), echo("x<|im_end|>")],
            ["marker-leak", "runs-on"],
        ),
        ([ListAnswer(exchange=said("I am an assistant\nand like fruits < 3 | a > b"))], []),
    ],
)
async def test_each_ending_is_judged(facts: list, expected: list[str]) -> None:
    assert symptoms(await run_check("stops", facts)) == expected


async def test_an_answer_that_never_came_is_not_judged() -> None:
    refused = Exchange(purpose="P04", status=500, error="no")

    with pytest.raises(Skip, match="no"):
        await run_check("stops", [ListAnswer(exchange=refused)])
