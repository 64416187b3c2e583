"""The encodings that are tried on a file that declares none, and how common each is before anything is known."""

from __future__ import annotations

from dataclasses import dataclass

_WESTERN = "western en de fr es pt it nl sv da nb fi is ca"
_CENTRAL = "pl cs sk hu ro hr sl de"
_BALTIC = "lt lv et"
_CYRILLIC = "ru uk be bg sr mk kk"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A codec of Python with the languages that it is used for; `log_prior` is in natural logarithms, 0 the highest."""

    codec: str
    log_prior: float
    languages: tuple[str, ...]


def _candidates(*rows: tuple[str, float, str]) -> tuple[Candidate, ...]:
    return tuple(Candidate(codec, prior, tuple(languages.split())) for codec, prior, languages in rows)


SINGLE_BYTE = _candidates(
    ("cp1252", 0.0, _WESTERN),
    ("iso8859_15", -3.0, _WESTERN),
    ("mac_roman", -6.0, _WESTERN),
    ("cp850", -5.0, _WESTERN),
    ("cp437", -6.0, _WESTERN),
    ("cp1250", -2.0, _CENTRAL),
    ("iso8859_2", -2.5, _CENTRAL),
    ("iso8859_16", -6.0, "ro"),
    ("cp852", -6.0, _CENTRAL),
    ("mac_latin2", -8.0, _CENTRAL),
    ("cp1254", -2.0, "tr"),
    ("iso8859_3", -9.0, "tr"),
    ("cp857", -6.0, "tr"),
    ("cp1257", -3.0, _BALTIC),
    ("iso8859_13", -4.0, _BALTIC),
    ("iso8859_4", -6.0, _BALTIC),
    ("cp775", -7.0, _BALTIC),
    ("cp1251", -1.0, _CYRILLIC),
    ("koi8_r", -2.5, "ru bg"),
    ("koi8_u", -3.0, "uk be"),
    ("cp866", -3.0, "ru"),
    ("cp1125", -5.0, "uk be"),
    ("iso8859_5", -4.5, _CYRILLIC),
    ("mac_cyrillic", -6.0, "ru uk bg"),
    ("kz1048", -6.0, "kk"),
    ("cp855", -7.0, "sr mk bg ru"),
    ("cp1253", -2.0, "el"),
    ("iso8859_7", -2.5, "el"),
    ("cp737", -7.0, "el"),
    ("mac_greek", -8.0, "el"),
    ("cp1255", -2.5, "he"),
    ("iso8859_8", -3.0, "he"),
    ("cp862", -7.0, "he"),
    ("cp1256", -2.5, "ar fa"),
    ("iso8859_6", -3.0, "ar"),
    ("cp720", -8.0, "ar"),
    ("cp874", -2.5, "th"),
    ("cp1258", -3.0, "vi"),
)
MULTI_BYTE = _candidates(
    ("gb18030", -1.0, "zh_hans"),
    ("cp932", -1.0, "ja"),
    ("euc_jp", -2.0, "ja"),
    ("cp949", -1.5, "ko"),
    ("big5hkscs", -2.0, "zh_hant"),
)
# Languages that next to no code is commented in, beside others in the same encodings.
LANGUAGE_PRIORS = {"is": -4.0, "ca": -1.0, "be": -2.0, "mk": -2.0, "kk": -3.0, "sr": -1.0, "fa": -1.0, "et": -1.0}
WESTERN_CODEC = "cp1252"
