"""Names of people and machines, and addresses, by their form; what is part of the diagnosis is left alone.

Never touched: loopback, the unspecified address, link-local, netmasks, Docker's default bridge and its host name,
ports, and versions, which look like addresses.
"""

import ipaddress
import re
from collections.abc import Iterator
from itertools import chain

from doctor.redact.known import COMMON_USERS, is_telling_host
from doctor.redact.late import late
from doctor.redact.spans import Span, Text
from doctor.redact.vocabulary import words

# Each pattern begins with a sign or word that is searched for first; what stands before it is read backwards.
IPV4_REST = late(r"\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\w]|\.\d|-\w)")
IPV4_FIRST = late(r"(?<![\w.-])\d{1,3}\Z")
VERSION_BEFORE = late(
    r"(?:version|driver|release|build|firmware|bios|cuda|rocm|hip|kernel|runtime|python|ver|rev|v|->)(?: is)?"
    r"[\s:=\"'(/]*\Z"
)
IPV6_INSIDE = late(r":[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{0,40}")
IPV6_FIRST = late(r"(?<![\w:.])[0-9A-Fa-f]{0,4}\Z")
MAC_RESTS = tuple(late(sign + f"[0-9A-Fa-f]{{2}}(?:{sign}[0-9A-Fa-f]{{2}}){{4}}(?![\\w:-])") for sign in ":-")
MAC_FIRST = late(r"(?<![\w:-])[0-9A-Fa-f]{2}\Z")
NO_MAC = frozenset({"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"})
BRIDGE = ipaddress.ip_network("172.17.0.0/16")
# All but the first part; a search that begins with a sign is several times faster than one that begins with a digit.
UUID_REST = late(r"-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}(?:/\d+/\d+)?(?![\w-])")
UUID_FIRST = late(r"(?:(?<!\w)(?P<gpu>(?:GPU-|MIG-){1,2})|(?<![\w-]))[0-9A-Fa-f]{8}\Z")
DOMAIN = late(r"@(?:[A-Za-z0-9-]{1,63}\.){1,8}(?P<last>[A-Za-z]{2,18})(?![\w-])")
MAILBOX = late(r"(?<![\w.+/:-])[A-Za-z0-9][\w.+-]{0,63}\Z")
NO_DOMAIN = words("no_domain")
REMOTE = late(r"git@[\w.-]+:[\w./~-]+")
LOGIN = late(
    r"(?:ssh|scp|sftp|rsync|mosh)\b[^\n\x1d]{0,80}?[\s\x1e](?P<user>[a-z_][\w.-]{0,31})@(?P<host>[a-z0-9][\w.-]{0,250})"
)
PROMPT = late(r"(?m)^[\[(]?(?P<user>[a-z_][a-z0-9_-]{0,31})@(?P<host>[A-Za-z0-9][\w.-]{0,62})[:\s][^\n]{0,80}[$#%]")
SCHEME = late(
    r"(?<![\w+.-])(?:https?|wss?|ssh|s?ftp|git|nfs|smb|cifs|tcp|udp|grpc|rediss?|postgres(?:ql)?|mysql|mongodb(?:\+srv)?|amqps?|socks5?h?|"
    r"ldaps?)\Z"
)
AFTER_SCHEME = late(r"://(?:[^\s/@\"'<>\x1d\x1e]{0,400}@)?(?P<host>[a-z0-9_][a-z0-9_.-]{0,252})")
ENDING = late(
    r"\.(?:local|lan|home|internal|intranet|corp|localdomain|home\.arpa|ts\.net|fritz\.box|private)(?![\w-]|\.\w)"
)
BEFORE_ENDING = late(r"(?<![\w.@/-])(?:[a-z0-9-]{1,63}\.){0,6}[a-z0-9-]{1,63}\Z")
HOST_WORDS = ("hostname", "host name", "host_name", "nodename", "computer name", "computer_name", "fqdn")
HOST_FIELD = late(rf"(?:{'|'.join(HOST_WORDS)})[\"']?\s*[=:]\s*[\"']?(?P<host>[a-z0-9][\w.-]{{1,252}})")
USER_WORDS = ("user", "logname", "login", "owner", "uid=")
USER_FIELD = late(
    r"(?:user(?:name)?|logname|login|owner|uid=\d+)[\"']?(?:\s*[=:]\s*[\"']?|\()(?P<user>[a-z_][\w.-]{1,31})(?![\w./-])"
)
HOME_WORDS = ("/home/", "/users/", "\\users\\")
HOME = late(r"(?:/home/|/users/|\\{1,2}users\\{1,2})(?P<user>[^\s/\\:\"'<>|*?\x1d\x1e]{1,64})")
SERIAL_WORDS = ("serial", "machine id", "machine-id", "machine_id", "machineid", "asset", "board")
SERIAL = late(
    r"(?:serial(?:[ _-]?(?:number|no))?|machine[ _-]?id|asset[ _-]?tag|board[ _-]?id)[\"']?\s*[=:]"
    r"\s*[\"']?(?P<serial>[a-z0-9][\w-]{5,63})"
)
UNC = late(r"(?<![\w:\\])\\{2,4}(?P<host>[a-z0-9][\w.-]{1,62})\\{1,2}[\w$]")
# Services that everybody uses: a report that hides them says less and protects nobody.
PUBLIC = words("public")
ALIAS_HOST = late(r"(?:host|lan|wan)-\d+(?:\.\d+)?\Z")
ALIAS_USER = late(r"(?:user|person)-\d+\Z")


def network(said: Text) -> Iterator[Span]:
    """Addresses and hardware addresses."""
    text = said.text
    for match in IPV4_REST.finditer(text):
        first = IPV4_FIRST.search(text[max(0, match.start() - 5) : match.start()])
        if first:
            begin = match.start() - len(first[0])
            if not VERSION_BEFORE.search(said.low[max(0, begin - 24) : begin]):
                yield from _address(text, begin, match.end())
    for match in IPV6_INSIDE.finditer(text):
        first = IPV6_FIRST.search(text[max(0, match.start() - 6) : match.start()])
        if first and text[match.end() : match.end() + 1] not in LETTERS:
            yield from _address(text, match.start() - len(first[0]), match.start() + len(match[0].rstrip(".")))
    for match in chain.from_iterable(pattern.finditer(text) for pattern in MAC_RESTS):
        first = MAC_FIRST.search(text[max(0, match.start() - 4) : match.start()])
        if first:
            begin = match.start() - 2
            if text[begin : match.end()].lower().replace("-", ":") not in NO_MAC:
                yield Span(begin, match.end(), "mac", text[begin : match.end()])


LETTERS = frozenset("ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ_")


def _address(text: str, begin: int, end: int) -> Iterator[Span]:
    shown = text[begin:end]
    try:
        address = ipaddress.ip_address(shown)
    except ValueError:
        return
    if address.is_loopback or address.is_unspecified or address.is_link_local or address.is_multicast:
        return
    if address.version == 4 and (address in BRIDGE or shown.startswith(("255.", "0."))):
        return
    if address.version == 6 and not any(map(str.isdigit, shown)):
        return  # a::b is more often a name in C++ than an address
    yield Span(begin, end, "lan", address.compressed)


def hosts(said: Text) -> Iterator[Span]:
    """Names of machines: in addresses, by the ending of inner networks, where a field or a login says so."""
    low = said.low
    for match in AFTER_SCHEME.finditer(low):
        if SCHEME.search(low[max(0, match.start() - 16) : match.start()]):
            yield from _host(match, said)
    for match in ENDING.finditer(low):
        before = BEFORE_ENDING.search(low[max(0, match.start() - 253) : match.start()])
        if before and is_telling(before[0] + match[0]):
            yield Span(match.start() - len(before[0]), match.end(), "host", before[0] + match[0])
    yield from _fields(said, HOST_WORDS, HOST_FIELD)
    if "\\\\" in low:
        for match in UNC.finditer(low):
            yield from _host(match, said)


def _fields(said: Text, starts: tuple[str, ...], pattern: re.Pattern[str]) -> Iterator[Span]:
    """What a pattern that begins with one of the starts takes out."""
    for place in said.at(starts):
        match = pattern.match(said.low, place)
        if match is None or said.low[place - 1 : place].isalnum():
            continue
        if "user" in pattern.groupindex:
            yield from _user(match, said)
        if "host" in pattern.groupindex:
            yield from _host(match, said)


def _host(match: re.Match[str], said: Text) -> Iterator[Span]:
    start = match.start("host")
    name = said.text[start : match.end("host")].rstrip(".")
    if is_telling(name):
        yield Span(start, start + len(name), "host", name)


def is_telling(name: str) -> bool:
    """Whether the name tells whose machine it is; addresses are dealt with as addresses."""
    lower = name.lower()
    if ALIAS_HOST.match(lower) or not is_telling_host(lower) or lower.endswith(".localhost"):
        return False
    if re.fullmatch(r"[\d.]+", name):
        return False
    return not any(lower == public or lower.endswith("." + public) for public in PUBLIC)


def people(said: Text) -> Iterator[Span]:
    """E-mail addresses, logins, other people's homes, remotes."""
    text = said.text
    if "@" in text:
        for match in DOMAIN.finditer(text):
            mailbox = MAILBOX.search(text[max(0, match.start() - 66) : match.start()])
            if mailbox and match["last"].lower() not in NO_DOMAIN and mailbox[0] != "git":
                begin = match.start() - len(mailbox[0])
                yield Span(begin, match.end(), "email", text[begin : match.end()])
        for match in REMOTE.finditer(text):
            yield Span(*match.span(), "remote", match[0])
        for match in PROMPT.finditer(text):
            yield from _user(match, said)
            yield from _host(match, said)
        yield from _fields(said, ("ssh", "scp", "sftp", "rsync", "mosh"), LOGIN)
    for starts, pattern in ((HOME_WORDS, HOME), (USER_WORDS, USER_FIELD)):
        yield from _fields(said, starts, pattern)


def _user(match: re.Match[str], said: Text) -> Iterator[Span]:
    name = said.text[match.start("user") : match.end("user")]
    if is_telling_user(name):
        yield Span(*match.span("user"), "user", name)


def is_telling_user(name: str) -> bool:
    """Whether an account's name says who it is."""
    return bool(name) and name.lower() not in COMMON_USERS and not ALIAS_USER.match(name) and not name.isdigit()


def hardware(said: Text) -> Iterator[Span]:
    """Identities of devices."""
    text = said.text
    for match in UUID_REST.finditer(text):
        first = UUID_FIRST.search(text[max(0, match.start() - 20) : match.start()])
        if first:
            begin = match.start() - len(first[0])
            yield Span(begin, match.end(), "gpu" if first["gpu"] else "uuid", text[begin : match.end()])
    for place in said.at(SERIAL_WORDS):
        field = SERIAL.match(said.low, place)
        if field:
            value = text[field.start("serial") : field.end("serial")]
            if any(map(str.isdigit, value)) and not re.match(r"(?:serial|uuid|gpu)-\d+\Z", value):
                yield Span(*field.span("serial"), "serial", value)
