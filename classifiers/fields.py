"""What a paper says of itself: number, date, issuing body, summary, signer, and the codes and names that its kind carries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from classifiers.classify import Guess
from classifiers.codes import find_codes, procedure_code
from classifiers.dates import PLACE, Dated, dates, head_date, iso
from classifiers.forms import parties, person_named, read_forms
from classifiers.header import letterhead, summary
from classifiers.identity import Identity, Zone, identity_of_barcode, mrz_of
from classifiers.kinds import LETTER, catalogue, kind, plain, squeeze
from classifiers.layout import Segment, Sheet, hull, make_segment, similarity
from classifiers.marks import find_marks, page_count
from classifiers.names import as_person
from classifiers.numbers import personal_number_holds
from classifiers.receipt import receipt_of
from classifiers.recipients import find_recipients
from classifiers.reference import Reference, cited_by_annex, find_plain_number, find_reference, of_party
from classifiers.signature import find_signature
from pipeline.records import Box, Field

#: Groups whose papers follow the layout of NĐ 30/2020.
_OFFICE = ("office", "legal")
_SERIAL = re.compile(r"(?<![A-Z])([A-Z]{1,2})\s?(\d{6,8})(?!\d)")
_FOOT = re.compile(r"^(?:[^\d]{2,40},\s*)?ng[àaảã]y\s*(\d{1,2}\s?[/.-]\s?\d{1,2}\s?[/.-]\s?(?:19|20)\d{2})\W*$", re.IGNORECASE)
_NUMBER = re.compile(r"[A-Z]{0,3}\s?\d[0-9A-Z./-]{0,14}")
_HOUR = re.compile(r"(\d{1,2})\s*(?:gio|h|:)\s*(\d{2})?")


def read_fields(sheets: Sequence[Sheet], guess: Guess) -> dict[str, Field]:
    """Fields of a paper by name; only what its layout gives, nothing guessed. `sheets` are its pages in order."""
    if not sheets:
        return {}
    first = sheets[0]
    out: dict[str, Field | None] = {}
    group = kind(guess.type).group
    if group == "identity":
        out |= _card(sheets)
    if group != "identity" or not out:
        reference = find_reference(first)
        if reference is None and group not in ("office", "legal"):
            reference = find_plain_number(first)
        out["reference"] = _referred(sheets, reference, guess) if reference else _labelled_number(sheets, guess.type)
        out["issuer"], out["parent"] = letterhead(first)
        head = head_date(first)
        out["place"] = _place(first, head) if head else None
        out["issued_on"] = _labelled_date(sheets, guess.type) or (head.field if head else None) or _foot_date(sheets) or _todays(sheets)
        issued = group in _OFFICE or (reference is not None and "-" in reference.symbol)
        out["subject"] = summary(first, guess.type, guess.title) if issued else None
        if issued:
            out["recipients"] = find_recipients(sheets)
            out["page_count"] = page_count(sheets)
        out |= find_marks(sheets)
        out |= find_signature(sheets)
        out["holder"] = _labelled(sheets, kind(guess.type).holder)
    if kind(guess.type).own_code:
        out |= _one_stop(sheets)
    if guess.type == "gcn_qsdd":
        out["certificate_number"] = _serial(sheets)
    if "parties" in kind(guess.type).fields:
        out["parties"] = parties(sheets)
    found = {name: f for name, f in out.items() if f is not None}
    return read_forms(sheets, kind(guess.type).fields) | found


def _referred(sheets: Sequence[Sheet], reference: Reference, guess: Guess) -> Field:
    """The reference of the head, its open number from the paper's own annexes where they print it."""
    found = _reference_field(sheets[0], reference, guess)
    annexed = cited_by_annex(sheets, reference) if found.open and not reference.party else None
    if annexed is None:
        return found
    cited, sheet, s = annexed
    day, head = iso(s.text), head_date(sheets[0])
    if day and head and not day.startswith(head.field.value):
        return found
    return Field(cited.value, s.text, sheet.number, s.box, round(cited.confidence, 3))


def _reference_field(sheet: Sheet, reference: Reference, guess: Guess) -> Field:
    """The reference. Where the title names the type, its symbol is put right: a lost dash (`TBSYT`), a letter too many or too few (`QĐĐ-UBND`)."""
    head, dash, rest = reference.symbol.partition("-")
    if not reference.head and guess.title:
        for symbol in kind(guess.type).symbols:
            if not dash and head.startswith(symbol) and head[len(symbol) :].isupper() and head.isalpha() and len(head) - len(symbol) >= 2:
                head, dash, rest = symbol, "-", head[len(symbol) :]
            elif dash and head != symbol and head not in catalogue().symbols and similarity(symbol, head) > 0.6:
                head = symbol
            else:
                continue
            reference = replace(reference, symbol=head + dash + rest, confidence=reference.confidence * 0.8)
            break
    reference = _with_kind(sheet, reference, guess)
    confidence = round(reference.confidence, 3)
    return Field(reference.value, reference.printed, sheet.number, reference.box, confidence, reference.source, reference.open)


def _with_kind(sheet: Sheet, reference: Reference, guess: Guess) -> Reference:
    """The reference; where a party body's number was written and the kind before its slash went with it, the kind that title or layout name."""
    spoilt = not reference.party and not reference.number and not reference.year and "-" not in reference.symbol and of_party(sheet)
    before = kind(guess.type).symbols[:1] if spoilt and (guess.title or guess.type == LETTER) else ()
    if not before:
        return reference
    return replace(reference, party=True, symbol=f"{before[0]}/{reference.symbol}", confidence=reference.confidence * 0.8)


def _place(sheet: Sheet, head: Dated) -> Field | None:
    """Where a paper was issued: the words before the day, without the comma."""
    words = [w for w in head.place if any(c.isalnum() for c in w.text)]
    value = " ".join(w.text for w in words).strip(" ,.;:-–")
    if not 1 <= len(words) <= PLACE or not value[:1].isupper() or value.split()[-1][:1].islower():
        return None
    printed = " ".join(w.text for w in words)
    return Field(value, printed, sheet.number, hull(w.box for w in words), round(make_segment(words).confidence, 3))


def _foot_date(sheets: Sequence[Sheet]) -> Field | None:
    """The last `place, ngày … tháng … năm …` of the paper: the date over the signature."""
    for sheet in reversed(sheets):
        for found in reversed(dates(sheet)):
            words = plain(found.before).split()
            placed = found.before.rstrip().endswith((",", ".")) and len(words) <= 7
            if (placed or not words) and found.field.box[2] > 0.55:
                return found.field
        for s in reversed(sheet.by_place):
            m = _FOOT.match(s.text)
            if m and s.middle > 0.55 and s.box[1] > 0.4 and iso(m[1]):
                return Field(iso(m[1]), s.text, sheet.number, s.box, round(s.confidence, 3))
    return None


def _todays(sheets: Sequence[Sheet]) -> Field | None:
    """The day on which parties met: `Hôm nay, ngày …` of contracts and minutes."""
    for sheet in sheets:
        for found in dates(sheet):
            if plain(found.before).startswith("hom nay"):
                return found.field
    return None


def _labelled_number(sheets: Sequence[Sheet], name: str) -> Field | None:
    for label in kind(name).numbered:
        found = _value_after(sheets, label)
        m = _NUMBER.match(found[2]) if found else None
        if found and m:
            sheet, segment, _ = found
            return Field(m.group(0).strip(" ./-"), m.group(0), sheet.number, segment.box, round(segment.confidence, 3))
    return None


def _labelled_date(sheets: Sequence[Sheet], name: str) -> Field | None:
    for label in kind(name).dated:
        found = _value_after(sheets, label)
        if found is None:
            continue
        sheet, segment, rest = found
        day = iso(rest) or iso(f"ngày {rest}")
        if day:
            return Field(day, rest.strip(), sheet.number, segment.box, round(segment.confidence, 3))
    return None


def _value_after(sheets: Sequence[Sheet], label: str) -> tuple[Sheet, Segment, str] | None:
    """The rest of the line behind `label` (a phrase that begins a cell), with its words; None without the label."""
    wanted = plain(label)
    n = len(wanted.split())
    for sheet in sheets:
        for s in sheet.by_place:
            listed = re.match(r"(?:\d{1,2}|[a-z]) ", s.plain) if s.text[:3].rstrip()[-1:] in ".)" else None
            skipped = 1 if listed else 0
            line = s.plain.split()[skipped:]
            if similarity(wanted, " ".join(line[:n])) < (0.88 if len(wanted) > 12 else 1.0):
                continue
            used, i = -skipped, 0
            while i < len(s.words) and used < n:
                used += len(plain(s.words[i].text).split())
                i += 1
            rest = list(s.words[i:])
            beside = [t for t in sheet.by_place if t is not s and abs(t.box[1] - s.box[1]) < 0.6 * sheet.height and t.box[0] >= s.box[2]]
            if not rest and beside:
                rest = list(min(beside, key=lambda t: t.box[0]).words)
            if rest:
                made = make_segment(rest)
                return sheet, made, made.text.lstrip(":.… ")
    return None


def _labelled(sheets: Sequence[Sheet], labels: Sequence[str]) -> Field | None:
    """A name behind the first of `labels` that has one."""
    for label in labels:
        found = _value_after(sheets, label)
        if found is None:
            continue
        sheet, segment, rest = found
        name = person_named(rest)
        if name:
            return Field(name, rest, sheet.number, segment.box, round(segment.confidence, 3))
    return None


def _card(sheets: Sequence[Sheet]) -> dict[str, Field | None]:
    """What an identity card or passport says, from its QR code first, then from its machine-readable zone."""
    for sheet in sheets:
        for code in sheet.page.barcodes:
            who = identity_of_barcode(code.text)
            if who:
                return _fields_of(_of_identity(who), sheet, code.box, _sure(who), "barcode")
    for sheet in sheets:
        zone = mrz_of(sheet)
        if zone:
            return _fields_of(_of_zone(zone, sheets), sheet, zone.box, max(zone.confidence, 0.99 if zone.whole else 0.0), "mrz")
    return {}


def _fields_of(values: dict[str, str], sheet: Sheet, box: Box, confidence: float, source: str) -> dict[str, Field | None]:
    return {name: Field(v, v, sheet.number, box, round(confidence, 3), source) for name, v in values.items() if v}


def _of_identity(who: Identity) -> dict[str, str]:
    return {
        "id_number": who.number,
        "full_name": who.name,
        "holder": who.name,
        "birth_date": who.birth,
        "sex": who.sex,
        "address": who.address,
        "issued_on": who.issued,
        "old_id_number": who.old_number,
    }


def _sure(who: Identity) -> float:
    """A code that was read is whole; whether what stands in it agrees with itself is another matter."""
    return 1.0 if personal_number_holds(who.number, who.birth, who.sex) else 0.8


def _of_zone(zone: Zone, sheets: Sequence[Sheet]) -> dict[str, str]:
    spelt = (s for sheet in sheets for s in sheet.segments if zone.name and s.squeezed == squeeze(zone.name) and not s.text.isascii())
    marked = next(spelt, None)
    name = as_person(marked.text.split()) if marked else zone.name
    number = {"passport_number": zone.number, "id_number": zone.personal} if zone.kind == "P" else {"id_number": zone.number}
    return number | {"full_name": name, "holder": name, "birth_date": zone.birth, "sex": zone.sex, "valid_until": zone.expires}


def _one_stop(sheets: Sequence[Sheet]) -> dict[str, Field | None]:
    """Dossier code, procedure code and appointment of the papers that the one-stop system prints."""
    out: dict[str, Field | None] = {}
    for sheet in sheets:
        text = sheet.text
        for found in find_codes(text.text)[:1]:
            out.setdefault("dossier_code", _spanned(sheet, found.code, found.start, found.end))
        procedure = procedure_code(text.text)
        if procedure:
            out.setdefault("procedure_code", _spanned(sheet, *procedure))
    out["components"] = _components(sheets)
    due = _value_after(sheets, "Thời gian trả kết quả giải quyết hồ sơ") or _value_after(sheets, "Thời gian trả kết quả")
    if due:
        sheet, segment, rest = due
        day = iso(rest)
        hour = _HOUR.search(plain(rest))
        if day and hour and int(hour[1]) < 24:
            day += f"T{int(hour[1]):02d}:{int(hour[2] or 0) % 60:02d}"
        if day:
            out["appointment"] = Field(day, rest, sheet.number, segment.box, round(segment.confidence, 3))
    return out


def _components(sheets: Sequence[Sheet]) -> Field | None:
    """The receipt's list of what was handed in, one component a line, as it names them."""
    listed = [c for c in receipt_of(sheets).components if c.box]
    if not listed:
        return None
    page = listed[0].page
    boxes = [c.box for c in listed if c.box and c.page == page]
    sheet = next((s for s in sheets if s.number == page), sheets[0])
    box = hull(boxes)
    words = [w for s in sheet.segments for w in s.words if box[1] <= (w.box[1] + w.box[3]) / 2 <= box[3]]
    confidence = make_segment(words).confidence if words else 0.0
    names = "\n".join(c.name for c in listed)
    return Field(names, names, page, box, round(confidence, 3), "form")


def _spanned(sheet: Sheet, value: str, start: int, end: int) -> Field:
    words = sheet.text.span(start, end)
    box: Box = hull(w.box for w in words)
    return Field(value, " ".join(w.text for w in words), sheet.number, box, round(make_segment(words).confidence, 3))


def _serial(sheets: Sequence[Sheet]) -> Field | None:
    """Serial number of a land certificate: two letters and six to eight digits, alone on its line."""
    for sheet in sheets:
        for s in sheet.by_place:
            m = _SERIAL.fullmatch(s.text.strip(" .:-|"))
            if m:
                return Field(f"{m[1]} {m[2]}", s.text, sheet.number, s.box, round(s.confidence, 3))
    return None


__all__ = ["catalogue", "read_fields"]
