"""What a commit's subject asks: cleaned of numbers and prefixes, turned away when it says nothing of the code.

commits.py asks here, and file_subjects.py who is a program; all of it looks at one line of text.
"""

from __future__ import annotations

import re

FEWEST_WORDS, MOST_WORDS = 3, 20

_TRAILERS = re.compile(r"\s(?:signed-off-by|co-authored-by|reviewed-by|change-id|git-svn-id):.*$", re.IGNORECASE)
_REFERENCE = r"(?:\w[\w.-]*/[\w.-]+)?(?:#|gh-|!)\d+"
_REFERENCES = re.compile(
    rf"[\[(]?(?:\b(?:fix(?:e[sd])?|close[sd]?|resolve[sd]?|see|refs?|issue|ticket|pr|via|part of)[\s:]+)?"
    rf"{_REFERENCE}(?:(?:\s*,\s*|\s+and\s+){_REFERENCE})*[\])]?",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[(<\[]?https?://\S+")
_SKIP_MARK = re.compile(r"\[\s*(?:skip[ -]ci|ci[ -]?skip|skip actions|no ci)\s*\]", re.IGNORECASE)
_EMOJI = re.compile(r"^(?::[a-z0-9_+-]+:|[\u2190-\u2bff\U0001f000-\U0001faff\ufe0f]+)\s*", re.IGNORECASE)
_TAG = re.compile(r"^\[[^\]]{1,30}\]\s*[:-]?\s*")
_TICKET = re.compile(r"^\(?[A-Z][A-Z0-9]+-\d+\)?(?:\s*[:.]|\s+-)\s+")
_TYPE = re.compile(
    r"^(?P<type>feat|feature|fix|fixed|bug|bugfix|hotfix|perf|refactor|chore|tests?|docs?|style|ci|build|release|revert"
    r"|wip|improvement|enhancement|security|deps)(?:\([^)]{0,60}\))?!?\s*:\s*",
    re.IGNORECASE,
)
_PART = re.compile(r"^[\w./ -]{1,40}:\s+")
_TYPES_LEFT_OUT = frozenset("doc docs style ci build release revert wip deps".split())
_BOTS = re.compile(
    r"\[bot\]$|^(?:dependabot|renovate|greenkeeper|pre-commit|github[- ]actions|snyk|weblate|crowdin)\b", re.IGNORECASE
)
_WORD = re.compile(r"\S*\w\S*")
# Subjects that tell what was done to the text, the version or the process, not what the code does.
_SAYS_NOTHING = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^merge[sd]?\s+(?:(?:the\s+)?(?:branch|pull|commit|remote|tag|pr|mr|master|main|dev|develop|trunk)\b"
        r"|['\"#!]|in(?:to)?\b)",
        r"^(?:(?:partial(?:ly)? )?revert(?:s|ed|ing)?|reapply|re-?land|roll(?:ed)? ?back|back(?:ed)? out)\b",
        r"\bcherry[- ]?pick",
        r"^(?:fixup|squash|amend)!|^(?:wip|work in progress|checkpoint|temp(?:orary)? commit)\b|\bwip$",
        r"^(?:upgrade|downgrade|pin|unpin)\b|\bbump(?:s|ed|ing)?$|^bump",
        r"^updat(?:e[sd]?|ing)\b.*\b(?:to v?\d+\.|dependenc\w+|deps|lock ?files?|versions?|submodules?)\b",
        r"^(?:update|updates|updated|edit|tweak|fix|improve)\s+(?:the\s+)?"
        r"(?:readme|change ?log|changes|history|news|docs?|documentation|authors|contributors|license|copyright)\b",
        r"\breadme\b|\b(?:copyright|licen[sc]e) (?:year|header|notice)s?\b|\brelease notes?\b|\bchange ?log\b",
        r"^(?:(?:prep(?:are|aring)?|start|begin|tag|cut|publish|post|next)[- ]+(?:for |to |the |next |new )*releas\w+"
        r"|releas(?:e|ing)(?:$|\s+(?:of\s+)?(?:v?\d|version|notes?|candidate|rc|prep)))",
        r"^(?:prepare|start|begin|set|v(?:ersion)?)\b.*\b(?:version|development iteration|v?\d+\.\d+[\w.-]*)$",
        r"\btypos?\b|\bmisspell",
        r"^(?:fix|correct|adjust)\s+(?:\w+\s+){0,2}(?:spelling|grammar|white ?space|indent(?:ation)?)\b.{0,25}$",
        r"^(?:re-?)?(?:format|fmt|lint)(?:s|ted|ting)?\s+(?:all |the )*(?:code|files?|sources?|with)\b"
        r"|\b(?:code|coding) (?:style|standards?)\b",
        r"^(?:run|apply|appease|satisfy|make|please|fix)\b.{0,20}"
        r"\b(?:formatt(?:er|ing)|lint(?:er|ing|s)?|prettier|eslint|gofmt|rustfmt|clippy|rubocop|black|ruff|flake8|isort"
        r"|mypy|phpstan|cs[- ]fixer|checkstyle|spotless|happy)\b.{0,20}$",
        r"^(?:fix|fixes|fixed|repair)\s+(?:the\s+|a\s+)?"
        r"(?:(?:build|ci)\b|(?:tests?|specs?|compilation|compile errors?|warnings?)\b.{0,12}$)|\bflak(?:y|iness|es?)\b",
        r"^(?:apply|address)\b.*\b(?:suggestions?|comments?|feedback|review)\b|\bcode review\b|^review (?:comment|fix)",
        r"^(?:minor|small|some|more|misc\w*|various|trivial|tiny)\s+(?:minor\s+|small\s+)?"
        r"(?:fix(?:es)?|changes?|tweaks?|clean-?ups?|improvements?|edits?|refactor\w*)\b.{0,12}$",
        r"^(?:refactor\w*|clean(?:ed|ing)?[ -]?up|clean|simplify|tidy|polish)\b.{0,12}$",
        r"^(?:remove|delete|drop|eliminate|clean)\w*\s+(?:some\s+|an?\s+)?"
        r"(?:unused|dead|obsolete|unnecessary|redundant|duplicate)\s+"
        r"(?:code|imports?|variables?|classe?s?|methods?|functions?|files?|comments?|lines?|uses?|tests?)$",
        r"^(?:initial|first) (?:commit|work)\b|^(?:add|handle)\s+(?:an?\s+|another\s+)?special cases?$"
        r"|^(?:sync|regenerate|re-?generate|auto-?generated?)\b",
    )
)


def is_bot(author: str) -> bool:
    """Say whether an author is a program by its name."""
    return _BOTS.search(author) is not None


def clean_subject(subject: str) -> str | None:
    """Return a commit's subject as somebody would ask it, None when it says nothing of the code.

    Issue numbers, addresses, trailers, tags and prefixes such as `fix(scope):` go; 3 to 20 words must be left.
    """
    text = _ADDRESS.sub(" ", _SKIP_MARK.sub(" ", _TRAILERS.sub("", subject)))
    text = _REFERENCES.sub(" ", text).strip(" \t-–—:,;")
    before = None
    while before != text:
        before = text
        text = _TICKET.sub("", _TAG.sub("", _EMOJI.sub("", text))).lstrip(" -–—:,;")
        if kind := _TYPE.match(text):
            if kind["type"].lower() in _TYPES_LEFT_OUT or re.search(r"\((?:deps|release)", kind.group(), re.IGNORECASE):
                return None
            text = text[kind.end() :]
    text = re.sub(r"\(\s*\)|\[\s*\]", " ", text)
    text = " ".join(text.split()).rstrip(" .,;:-–—")
    if not FEWEST_WORDS <= len(_WORD.findall(text)) <= MOST_WORDS:
        return None
    # A part of the project in front, as in `parser: fix typo`, is worth asking for, but says nothing by itself.
    forms = {text, _PART.sub("", text)}
    return None if any(pattern.search(form) for pattern in _SAYS_NOTHING for form in forms) else text
