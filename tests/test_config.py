"""Settings: who wins, what is refused, and what they do to a report."""

import datetime as dt
import textwrap

import msgspec
import pytest

from doctor.config import Suppression, merged, read, with_thresholds
from doctor.errors import UsageError
from doctor.model import Severity, State
from doctor.plugins import load_checks
from doctor.suppress import apply, expired
from tests.report.sample import CONFIRMED, REPORT, TARGET

TODAY = dt.date(2026, 11, 26)


def written(path, text):
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def test_variables_beat_the_project_which_beats_the_user(tmp_path):
    project = written(tmp_path / "a.toml", 'depth = "deep"\nskip = ["tools"]\n[thresholds.window]\nMIN_WINDOW = 1\n')
    user = written(tmp_path / "b.toml", 'depth = "quick"\ndeadline = 30\n[targets.gpu]\nurl = "http://gpu:1"\n')
    found = merged([project, user], {"LLM_DOCTOR_DEADLINE": "60", "PATH": "/bin"})
    assert (found.settings.depth, found.settings.deadline, found.settings.skip) == ("deep", 60.0, ("tools",))
    assert found.origins["depth"] == str(project)
    assert found.origins["deadline"] == "LLM_DOCTOR_DEADLINE"
    assert found.origins["targets.gpu"] == str(user)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('dept = "deep"', "there is no setting dept; did you mean depth?"),
        ('[targets.a]\nurl = "x"\nmodle = "y"', "there is no setting targets.a.modle; did you mean model?"),
        ('[[suppress]]\nid = "x"\nreason = "y"', "missing required field until"),
        ('[[suppress]]\nid = "x"\nuntil = 2026-12-31', "missing required field reason"),
        ("depth = 3", "Expected str"),
        ("depth = ", "is not TOML"),
        ("\x00", "is not TOML"),
        ('[thresholds.x]\nA = "b"', "Expected float"),
    ],
)
def test_a_wrong_file_is_a_sentence_with_its_name(tmp_path, text, sentence):
    with pytest.raises(UsageError, match=r"a\.toml") as caught:
        read(written(tmp_path / "a.toml", text))
    assert sentence in str(caught.value)


def test_a_huge_file_and_a_folder_are_sentences(tmp_path):
    (tmp_path / "big.toml").write_bytes(b"#" * (2 << 20))
    with pytest.raises(UsageError, match="larger than 1 MiB"):
        read(tmp_path / "big.toml")
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path)


def test_an_unknown_variable_is_an_error():
    with pytest.raises(UsageError, match="did you mean LLM_DOCTOR_DEPTH"):
        merged([], {"LLM_DOCTOR_DEPHT": "deep"})
    with pytest.raises(UsageError, match="is no number"):
        merged([], {"LLM_DOCTOR_DEADLINE": "soon"})


def test_thresholds_change_the_constants_of_one_check_only():
    checks = load_checks()
    window = next(check for check in checks if check.id == "window")
    name = next(
        name
        for name, value in window.run.__globals__.items()
        if name.isupper() and isinstance(value, int) and value > 1
    )
    other = {check.id: check for check in with_thresholds({"window": {name.lower(): 77}}, checks)}
    assert other["window"].run.__globals__[name] == 77
    assert window.run.__globals__[name] != 77
    assert other["canary"] is next(check for check in checks if check.id == "canary")
    assert next(check for check in load_checks() if check.id == "window") is window
    with pytest.raises(UsageError, match="did you mean window"):
        with_thresholds({"windw": {}}, checks)
    with pytest.raises(UsageError, match="there is no 'nothing'; known are"):
        with_thresholds({"window": {"nothing": 1}}, checks)


SICK = msgspec.structs.replace(TARGET, causes=(CONFIRMED,), findings=TARGET.findings[:2], checks=TARGET.checks)
SICK_REPORT = msgspec.structs.replace(REPORT, targets=(SICK,))


def rule(**more):
    return Suppression(**{"id": "does-not-fit", "reason": "a larger card is ordered", "until": TODAY, **more})


def test_a_suppressed_cause_is_a_note_and_the_state_is_that_of_the_rest():
    quiet = apply(SICK_REPORT, [rule()], TODAY)
    assert quiet.state is State.OK
    assert quiet.targets[0].causes[0].severity is Severity.NOTE
    assert quiet.targets[0].suppressed[0].reason == "a larger card is ordered"


@pytest.mark.parametrize(
    "other", [rule(until=TODAY - dt.timedelta(days=1)), rule(id="something-else"), rule(target="http://other:1")]
)
def test_what_has_ended_or_is_about_something_else_suppresses_nothing(other):
    assert apply(SICK_REPORT, [other], TODAY) == SICK_REPORT


def test_an_ended_suppression_is_said():
    assert expired([rule(until=dt.date(2026, 1, 1))], TODAY) == [
        "the suppression of does-not-fit ended on 2026-01-01: a larger card is ordered"
    ]


def test_suppressing_never_makes_an_unknown_state_ok():
    unknown = msgspec.structs.replace(SICK, state=State.UNKNOWN)
    assert apply(msgspec.structs.replace(SICK_REPORT, targets=(unknown,)), [rule()], TODAY).state is State.UNKNOWN
