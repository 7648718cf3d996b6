"""Chat templates made ill, and some that only look it: texts, and functions that change the good one."""

from collections.abc import Callable
from pathlib import Path

from doctor.errors import WardError
from doctor.ward.gguf_edit import Gguf, write

TEMPLATE = "tokenizer.chat_template"

# A family's template on a model of another family: [INST] and <<SYS>> are plain words to the patient.
LLAMA2 = (
    "{%- set text = messages[0].content if messages[0].role == 'system' else '' %}"
    "{%- for m in messages if m.role != 'system' %}{%- if m.role == 'user' %}"
    "{{- '[INST] ' + ('<<SYS>>\\n' + text + '\\n<</SYS>>\\n\\n' if loop.first and text else '') }}"
    "{{- m.content + ' [/INST]' }}"
    "{%- else %}{{- ' ' + m.content + ' </s>' }}{%- endif %}{%- endfor %}"
)
TURN = "{{- '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}"
PROMPT = "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
NO_SYSTEM = "{%- for m in messages if m.role != 'system' %}" + TURN + "{%- endfor %}" + PROMPT
NO_TOOLS = (
    "{%- if messages[0].role != 'system' %}"
    "{{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{%- endif %}"
    "{%- for m in messages %}" + TURN + "{%- endfor %}" + PROMPT
)
LAST_ONLY = "{{- '<|im_start|>user\\n' + messages[-1].content + '<|im_end|>\\n<|im_start|>assistant\\n' }}"
ALTERNATE = (
    "{%- for m in messages %}"
    "{%- if m.role == 'system' %}{{- raise_exception('System role not supported') }}{%- endif %}"
    "{%- if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{- raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{%- endif %}"
    + TURN
    + "{%- endfor %}"
    + PROMPT
)
# Put before the good template: tools and all, but no system text and no two questions in a row.
STRICT = (
    "{%- set seen = namespace(role='') %}{%- for m in messages %}"
    "{%- if m.role == 'system' %}{{- raise_exception('System role not supported') }}{%- endif %}"
    "{%- if m.role == 'user' and seen.role == 'user' %}"
    "{{- raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{%- endif %}"
    "{%- set seen.role = m.role %}{%- endfor %}"
)
SYSTEM_FIRST = (
    "{%- for m in messages %}{%- if m.role == 'system' and not loop.first %}"
    "{{- raise_exception('System message must be at the beginning') }}{%- endif %}{%- endfor %}"
)
CHATTY = (
    "You are a helpful assistant. Today is a good day. You answer kindly and briefly, you never make things up, and you"
    " say so when you do not know something. You were made by a small team that likes rivers and copper kettles."
)
# The same prompt as the good template renders, written in another way: a macro, a namespace, no line twice.
TOOLS_HEAD = (
    "\\n\\n# Tools\\n\\nYou may call one or more functions to assist with the user query.\\n\\nYou are provided with"
    " function signatures within <tools></tools> XML tags:\\n<tools>"
)
TOOLS_TAIL = (
    "\\n</tools>\\n\\nFor each function call, return a json object with function name and arguments within"
    " <tool_call></tool_call> XML tags:\\n<tool_call>\\n"
    '{"name": <function-name>, "arguments": <args-json-object>}\\n</tool_call>'
)
UNUSUAL = (
    "{#- house style 7 -#}"
    "{%- macro part(who, what) -%}{{ '<|im_' ~ 'start|>' ~ who ~ '\\n' ~ what ~ '<|im_end|>\\n' }}{%- endmacro -%}"
    "{%- set box = namespace(head='You are a helpful assistant.', rest=messages) -%}"
    "{%- if messages[0]['role'] in ['system'] -%}"
    "{%- set box.head = messages[0]['content'] -%}{%- set box.rest = messages[1:] -%}{%- endif -%}"
    "{%- if tools -%}{%- set box.head = box.head ~ '" + TOOLS_HEAD + "' -%}"
    "{%- for tool in tools -%}{%- set box.head = box.head ~ '\\n' ~ (tool | tojson) -%}{%- endfor -%}"
    "{%- set box.head = box.head ~ '" + TOOLS_TAIL + "' -%}{%- endif -%}"
    "{{- part('system', box.head) -}}"
    "{%- for m in box.rest -%}{%- if m.role == 'tool' -%}"
    "{{- part('user', '<tool_response>\\n' ~ m.content ~ '\\n</tool_response>') -}}"
    "{%- elif m.tool_calls -%}{%- set box.head = '' -%}{%- for c in m.tool_calls -%}"
    "{%- set said = c.function.arguments if c.function.arguments is string else c.function.arguments | tojson -%}"
    '{%- set call = \'<tool_call>\\n{"name": "\' ~ c.function.name ~ \'", "arguments": \' ~ said -%}'
    "{%- set box.head = box.head ~ ('\\n' if not loop.first else '') ~ call ~ '}\\n</tool_call>' -%}{%- endfor -%}"
    "{{- part('assistant', box.head) -}}"
    "{%- else -%}{{- part(m.role, m.content) -}}{%- endif -%}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{%- set open = enable_thinking is defined and enable_thinking -%}"
    "{{- '<|im_start|>assistant\\n' ~ ('<think>\\n' if open else '<think>\\n\\n</think>\\n\\n') -}}{%- endif -%}"
)


def written(text: str) -> Callable[[Gguf, Path], Path]:
    """The variant whose chat template is `text`."""
    return lambda good, target: write(good, target, changes={TEMPLATE: text})


def missing(good: Gguf, target: Path) -> Path:
    """No chat template: llama.cpp falls back to plain ChatML without a word, and tools vanish."""
    return write(good, target, removed=frozenset({TEMPLATE}))


def no_generation_prompt(good: Gguf, target: Path) -> Path:
    """The prompt does not open the assistant's turn: answers begin with the word `assistant`."""
    text: str = good.metadata[TEMPLATE]
    return write(good, target, changes={TEMPLATE: text[: text.index("{%- if add_generation_prompt %}")]})


def thinking_always(good: Gguf, target: Path) -> Path:
    """The prompt always opens a thought, whatever `enable_thinking` says: short answers are eaten by it."""
    return write(
        good, target, changes={TEMPLATE: _replaced(good, "enable_thinking is defined and enable_thinking", "true")}
    )


def thinking_never(good: Gguf, target: Path) -> Path:
    """Not a fault: no thought is ever opened, and the model answers as well."""
    text: str = good.metadata[TEMPLATE]
    start = text.index("    {%- if enable_thinking is defined")
    return write(good, target, changes={TEMPLATE: text[:start] + "{%- endif %}\n"})


def strict(good: Gguf, target: Path) -> Path:
    """The good template, but it refuses a system text and two user messages in a row."""
    return write(good, target, changes={TEMPLATE: STRICT + good.metadata[TEMPLATE]})


def system_first(good: Gguf, target: Path) -> Path:
    """The good template, but it refuses a system text anywhere but at the head."""
    return write(good, target, changes={TEMPLATE: SYSTEM_FIRST + good.metadata[TEMPLATE]})


def chatty(good: Gguf, target: Path) -> Path:
    """Not a fault: the vendor's own long system text stands where a conversation has none."""
    text = _replaced(good, "You are a helpful assistant.", CHATTY)
    return write(good, target, changes={TEMPLATE: text})


def foreign_calls(good: Gguf, target: Path) -> Path:
    """The template tells of another syntax for calls than the model writes, and the server's parser follows it."""
    text: str = good.metadata[TEMPLATE]
    return write(
        good, target, changes={TEMPLATE: text.replace("<tool_call>", "[CALL]").replace("</tool_call>", "[/CALL]")}
    )


def double_encodes(good: Gguf, target: Path) -> Path:
    """Arguments of earlier calls are quoted once more: a text within a text."""
    text: str = good.metadata[TEMPLATE]
    start = text.index("{%- if tool_call.arguments is string %}")
    end = text.index("{{- '}\\n</tool_call>' }}")
    twice = "{{- (tool_call.arguments if tool_call.arguments is string else (tool_call.arguments | tojson)) | tojson }}"
    return write(good, target, changes={TEMPLATE: text[:start] + twice + text[end:]})


def no_tool_role(good: Gguf, target: Path) -> Path:
    """Tools are offered and calls are shown, but results are left out of the prompt."""
    text: str = good.metadata[TEMPLATE]
    start = text.index("    {%- elif message.role == 'tool' %}")
    end = text.index("    {%- endif %}\n{%- endfor %}\n{%- if add_generation_prompt %}")
    return write(good, target, changes={TEMPLATE: text[:start] + text[end:]})


def _replaced(good: Gguf, old: str, new: str) -> str:
    text: str = good.metadata[TEMPLATE]
    if old not in text:
        raise WardError(f"the patient's template has no {old!r} to replace")
    return text.replace(old, new)
