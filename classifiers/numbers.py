"""Numbers that check themselves: tax codes by their check digit, personal numbers by what they say of their holder."""

from __future__ import annotations

import re

#: Weights of the first nine digits of a tax code; verified on public company numbers.
_TAX = (31, 29, 23, 19, 17, 13, 7, 5, 3)
#: Provinces of birth registration run to 096 (QĐ 124/2004/QĐ-TTg, odd codes and gaps included); 001 is Hà Nội.
_LAST_PROVINCE = 96
TAX_CODE = re.compile(r"(?<!\d)(\d{10})(?:\s?-\s?(\d{3}))?(?!\d)")
PERSONAL = re.compile(r"(?<!\d)(0\d{2}[0-9]\d{8})(?!\d)")
OLD_PERSONAL = re.compile(r"(?<!\d)(\d{9})(?!\d)")


def tax_code_holds(code: str) -> bool:
    """Whether the tenth digit of a tax code is the check digit of the first nine; a remainder that gives 10 was never issued."""
    digits = code[:10]
    if not re.fullmatch(r"\d{10}", digits):
        return False
    check = 10 - sum(int(d) * w for d, w in zip(digits, _TAX, strict=False)) % 11
    return check != 10 and check == int(digits[9])


def personal_number_holds(number: str, birth: str = "", sex: str = "") -> bool:
    """Whether a 12-digit personal number can be, and agrees with birth (ISO date or year) and sex (Nam, Nữ) where these are known.

    Digits: province of registration (3), century and sex (0 man 19.., 1 woman 19.., 2 man 20.., 3 woman 20..), year of birth (2), serial (6).
    """
    if not re.fullmatch(r"\d{12}", number) or not 1 <= int(number[:3]) <= _LAST_PROVINCE:
        return False
    kind, year = int(number[3]), number[4:6]
    if birth and (birth[2:4] != year or int(birth[:2]) != 19 + kind // 2):
        return False
    return not sex or (sex == "Nữ") == bool(kind % 2)
