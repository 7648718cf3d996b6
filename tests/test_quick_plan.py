"""What falls when a model is slow, on given rates; and through `ask`, that what fell is skipped with the reason."""

import pytest

from doctor.collect.probes.ask import ask
from doctor.context import Budget
from doctor.errors import Skip
from doctor.quick_plan import AIM_S, BLOCKS, DROP_ORDER, SHORT_CANARY_TOKENS, Plan, block_of, left_out
from tests.collect.probes.asking import Canned, answer, chat, context_for

QUICK = {"prompt_tok_s": 500.0, "decode_tok_s": 20.0}


def test_the_whole_set_fits_at_the_rates_that_it_was_made_for():
    """The bounds of the design: 60 s at 20 tokens a second, and 650 output tokens."""
    assert sum(block.seconds(**QUICK) for block in BLOCKS) <= AIM_S
    assert sum(block.output_tokens for block in BLOCKS) <= 650
    assert left_out(BLOCKS, AIM_S, **QUICK) == ()


@pytest.mark.parametrize(
    ("decode", "prompt", "fallen"),
    [(20.0, 500.0, 0), (14.0, 500.0, 3), (13.0, 400.0, 5), (10.0, 400.0, 6), (0.5, 10.0, 6)],
)
def test_slower_models_lose_more_and_always_in_the_same_order(decode, prompt, fallen):
    assert left_out(BLOCKS, AIM_S, prompt, decode) == DROP_ORDER[:fallen]


def test_no_more_falls_than_is_needed():
    whole = sum(block.seconds(**QUICK) for block in BLOCKS)
    first = next(block for block in BLOCKS if block.name == DROP_ORDER[0])
    assert left_out(BLOCKS, whole, **QUICK) == ()
    assert left_out(BLOCKS, whole - 0.1, **QUICK) == DROP_ORDER[:1]
    assert left_out(BLOCKS, whole - first.seconds(**QUICK) - 0.1, **QUICK) == DROP_ORDER[:2]


@pytest.mark.parametrize(
    ("purpose", "name"),
    [
        ("P02", "sanity"),
        ("P02 again", "sanity"),
        ("P12", "thinking"),
        ("P15", "speed"),
        ("canary of 9 blocks", "long text"),
        ("accounting: one block", "long text"),
        ("tools T1", "tools"),
        ("tools T3 streamed", "streamed tools"),
        ("tool result", "tool result"),
        ("route native", "long text, other route"),
        ("something else", None),
    ],
)
def test_requests_belong_to_blocks_by_their_purpose(purpose, name):
    block = block_of(purpose)
    assert (block.name if block else None) == name


def test_nothing_falls_before_a_rate_is_known():
    plan = Plan(aim_s=0.1)
    assert plan.begin("tool result") == ""
    plan.note(1.0, (20, 900.0), (2, 1.0))  # too few tokens to show a rate
    assert plan.begin("tool choice") == ""


def test_a_slow_model_is_asked_for_less_and_told_why():
    plan = Plan()
    plan.note(12.0, (600, 60.0), (24, 4.0))
    assert "4 tok/s" in plan.begin("tool result")
    assert "--depth deep" in plan.begin("tool choice")
    assert plan.long_text_tokens() == SHORT_CANARY_TOKENS
    assert plan.begin("canary of 3 blocks") == ""  # it shrinks, it does not fall
    assert plan.begin("P03") == ""


def test_a_fast_model_is_asked_everything():
    plan = Plan()
    plan.note(1.0, (600, 2000.0), (40, 80.0))
    assert [plan.begin(block.purposes[0]) for block in BLOCKS] == [""] * len(BLOCKS)
    assert plan.long_text_tokens() is None


def test_what_has_begun_is_not_cut_short():
    plan = Plan()
    assert plan.begin("tool result") == ""
    plan.note(50.0, (600, 20.0), (24, 1.0))
    assert plan.begin("tool result") == ""


async def test_ask_skips_what_the_plan_leaves_out_and_sends_nothing():
    plan = Plan()
    plan.note(30.0, (600, 40.0), (24, 2.0))
    async with Canned(answer(chat("x", completion_tokens=1))) as server:
        budget = Budget(requests=9, output_tokens=99, deadline_s=30, plan=plan)
        async with context_for(server.url, budget=budget) as context:
            with pytest.raises(Skip, match="left out to keep a quick run short"):
                await ask(context, "tool result", [{"role": "user", "content": "x"}], max_tokens=1)
            assert (await ask(context, "P03", [{"role": "user", "content": "x"}], max_tokens=1)).ok
    assert len(server.requests) == 1
    assert budget.requests_left == 8
    assert plan.spent_s > 30.0
