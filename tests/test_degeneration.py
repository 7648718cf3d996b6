"""Degeneration measures on texts written by hand and on generated ones."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.degeneration import degeneration

PROSE = (
    "The river is a quiet place. Early in the day a thin mist covers the ground. An old baker comes to the river "
    "every day. Two children play with a red ball and laugh. The wind brings the smell of bread from a bakery."
)
SOUND = {
    "prose": PROSE,
    "German": "Der Fluss fließt ruhig durch das Tal. Am Morgen liegt Nebel über den Wiesen, und ein alter Bäcker geht "
    "jeden Tag am Ufer entlang. Zwei Kinder spielen mit einem roten Ball und lachen dabei laut.",
    "Japanese": "川は静かな場所です。朝早く、薄い霧が地面を覆います。年老いたパン屋が毎日川にやって来ます。"
    "二人の子供が赤いボールで遊び、"
    "大きな声で笑います。風はパンの香りを運び、正午には太陽が高く昇って石が温かくなります。",
    "Russian": "Река течёт тихо через долину. Утром над лугами лежит туман, и старый пекарь каждый день идёт "
    "по берегу. "
    "Двое детей играют с красным мячом и громко смеются, а ветер приносит запах хлеба.",
    "list": "1. apple\n2. banana\n3. orange\n4. cherry\n5. grape\n6. lemon\n7. melon\n8. peach\n9. plum\n10. fig",
    "table": "| name | age |\n|------|-----|\n| Ada  | 36  |\n| Ben  | 41  |\n\n------------------------------\n"
    + PROSE,
    "code": "def add(a, b):\n    return a + b\n\n\ndef subtract(a, b):\n    return a - b\n\n\nprint(add(2, 3))\n",
    "echo": "zebra 7 / café / 日本 / 🙂 / end-42",
    "short repeat": "ha ha ha ha",
    "empty": "",
}


@pytest.mark.parametrize("name", SOUND)
def test_sound_text_is_left_alone(name: str) -> None:
    assert degeneration(SOUND[name]).kind == ""


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("G" * 40, "glyph-flood"),
        ("G" * 9, "glyph-flood"),
        ("ready " + "@" * 30, "glyph-flood"),
        ("�" * 20, "glyph-flood"),
        ("ama2" * 30, "phrase-loop"),
        ("AI " * 60, "phrase-loop"),
        ("The code for the grey door is 5545. " * 8, "phrase-loop"),
        ("静かな川" * 30, "phrase-loop"),
        (
            "río 川 дом βήτα ไทย abc кот 山 γάμμα ญาติ дверь 火 οίκος ผลไม้ лес 水 δέλτα คน house 木 мир ψάρι ดี ключ 月",
            "salad",
        ),
        ("a�b�c�d�e�f" * 2 + PROSE[:60] + "�x�y�z�w�q" * 3, "salad"),
    ],
)
def test_broken_text_is_told_by_kind(text: str, kind: str) -> None:
    assert degeneration(text).kind == kind


def test_the_measures_are_those_of_the_text() -> None:
    flood = degeneration("G" * 40)

    assert (flood.longest_run, flood.run_character, flood.characters) == (40, "G", 40)
    assert degeneration("G" * 400).compression > 6
    assert 3.5 < degeneration(PROSE).entropy_bits < 5
    assert degeneration(PROSE).scripts == ("LATIN",)


def test_json_of_similar_objects_is_not_a_loop_at_the_size_of_a_probe() -> None:
    rows = [{"id": i, "name": f"item {i}", "price": i * 3} for i in range(6)]

    assert degeneration(json.dumps(rows)).kind == ""


@given(st.text(max_size=600))
def test_any_text_can_be_measured(text: str) -> None:
    measured = degeneration(text)

    assert measured.kind in {"", "glyph-flood", "phrase-loop", "salad"}
    assert 0 <= measured.repeated <= 1
