"""The table of types is complete, consistent, and told apart by its own data."""

from __future__ import annotations

from collections import Counter

import pytest

from classifiers.kinds import catalogue, field_name, kind, plain, spell_symbol, squeeze, type_name
from classifiers.layout import Sheet
from classifiers.titles import find_titles
from tests.typed import typed

DECREE_30 = """
    nghi_quyet quyet_dinh chi_thi quy_che quy_dinh thong_cao thong_bao huong_dan chuong_trinh ke_hoach phuong_an de_an du_an
    bao_cao bien_ban to_trinh hop_dong_khac cong_van cong_dien ban_ghi_nho ban_thoa_thuan giay_uy_quyen giay_moi
    giay_gioi_thieu giay_nghi_phep phieu_gui phieu_chuyen phieu_bao thu_cong
"""
ONE_STOP = "giay_tiep_nhan phieu_kiem_soat giay_ban_giao phieu_bo_sung phieu_tu_choi van_ban_xin_loi thong_bao_dung so_theo_doi"
CITIZENS = """tk_khai_sinh giay_khai_sinh trich_luc_khai_sinh giay_chung_sinh tk_ket_hon gcn_ket_hon tk_xn_tinh_trang_hn xn_tinh_trang_hn tk_khai_tu
    trich_luc_khai_tu giay_bao_tu trich_luc_ket_hon trich_luc_cai_chinh ly_hon cccd_truoc cccd_sau can_cuoc cmnd ho_chieu so_ho_khau ct01 ct07_cu_tru
    ct04_ct06 gcn_qsdd gcn_qsdd_tiep don_bien_dong don_dang_ky_dat hd_chuyen_nhuong hd_tang_cho hd_the_chap yc_bien_phap_bao_dam phan_chia_di_san
    di_chuc trich_luc_ban_do phieu_chuyen_ntc tk_le_phi_truoc_ba tk_tncn_bds tk_pnn tb_nop_thue giay_nop_tien don_gpxd gpxd ban_ve gcn_dkdn gcn_hkd
    dn_dkdn dieu_le gcn_attp hd_uy_quyen loi_chung phieu_lltp tk_lltp so_yeu_ly_lich bang_tot_nghiep chung_chi giay_ksk giay_ra_vien gplx the_bhyt
    xn_khuyet_tat tk_tro_giup ho_ngheo bien_lai hoa_don don_de_nghi cam_ket trang_trang trang_ngan_cach khong_xac_dinh"""
LEGAL = "hien_phap luat phap_lenh lenh nghi_dinh nghi_quyet_lien_tich thong_tu thong_tu_lien_tich van_ban_hop_nhat"
OFFICES = "thu_moi ket_luan danh_sach"
#: typeName of EAD_doc, TT 05/2025/TT-BNV: the code whose name in the list is the type's own.
ARCHIVE = """nghi_quyet quyet_dinh chi_thi quy_che quy_dinh thong_cao thong_bao huong_dan chuong_trinh ke_hoach phuong_an de_an du_an bao_cao to_trinh
    giay_uy_quyen phieu_gui phieu_chuyen phieu_bao bien_ban hop_dong_khac cong_van cong_dien ban_ghi_nho ban_thoa_thuan giay_moi giay_gioi_thieu
    giay_nghi_phep thu_cong trich_luc_ban_do ban_ve"""


def test_all_types_are_there_and_no_others() -> None:
    wanted = set(f"{DECREE_30} {ONE_STOP} {CITIZENS} {LEGAL} {OFFICES}".split())
    assert set(catalogue().kinds) == wanted
    assert len(DECREE_30.split()) == 29


def test_every_type_has_its_names_and_a_way_to_be_known() -> None:
    for k in catalogue().kinds.values():
        assert k.vi and k.en and k.group, k.id
        assert k.group == "none" or k.id == "cong_van" or k.titles or k.cues, k.id
    assert len({k.vi for k in catalogue().kinds.values()}) == len(catalogue().kinds)


def test_every_paper_says_how_it_is_kept_and_what_to_expect_of_it() -> None:
    known = catalogue()
    for k in known.kinds.values():
        assert set(k.fields) <= set(known.fields), k.id
        assert len(k.fields) == len(set(k.fields)), k.id
        if k.group == "none":
            assert not (k.archive or k.retention or k.sensitivity), k.id
            continue
        assert k.fields, k.id
        assert k.archive in {f"{n:02d}" for n in range(1, 33)}, k.id
        assert k.retention in {"permanent", "dossier"}, k.id
        assert k.sensitivity in {"public", "internal", "restricted", "confidential"}, k.id
    assert {f for k in known.kinds.values() for f in k.fields} == set(known.fields)  # no field that no paper has
    assert all(vi and en for vi, en in known.fields.values())


def test_archive_codes_are_the_lists() -> None:
    assert [kind(name).archive for name in ARCHIVE.split()] == [f"{n:02d}" for n in range(1, 32)]
    assert kind("giay_khai_sinh").archive == "32"


def test_sensitive_papers_are_marked() -> None:
    for name in ("cccd_sau", "phieu_lltp", "giay_ksk", "giay_ra_vien", "xn_khuyet_tat"):
        assert kind(name).sensitivity == "confidential", name
    for k in catalogue().kinds.values():  # whoever names a person in it is not open to everybody
        if {"id_number", "birth_date", "holder"} & set(k.fields):
            assert k.sensitivity in {"restricted", "confidential"}, k.id


def test_titles_are_capitals_and_belong_to_one_type() -> None:
    owners = Counter(t.squeezed for t in catalogue().titles)
    shared = {t for t, n in owners.items() if n > 1}
    assert shared == {squeeze("PHIẾU TỪ CHỐI TIẾP NHẬN GIẢI QUYẾT HỒ SƠ")}  # the police use the one-stop title: the pair decides
    assert all(t.printed == t.printed.upper() for t in catalogue().titles)


def test_symbols_name_one_type_each() -> None:
    symbols = [s for k in catalogue().kinds.values() for s in k.symbols]
    assert len(symbols) == len(set(symbols))
    assert catalogue().symbols["CTr"] == "chuong_trinh"
    assert catalogue().symbols["CT"] == "chi_thi"
    assert catalogue().symbols["HĐ"] == "hop_dong_khac"
    assert catalogue().symbols["HD"] == "huong_dan"


@pytest.mark.parametrize(
    ("read", "spelt"), [("QD", "QĐ"), ("TTR", "TTr"), ("QĐ", "QĐ"), ("ND", "NĐ"), ("UBND", "UBND"), ("HD", "HD"), ("CTR", "CTr")]
)
def test_symbols_are_spelt_as_the_decree_does(read: str, spelt: str) -> None:
    assert spell_symbol(read) == spelt


def test_pairs_and_continuations_name_known_types() -> None:
    kinds = catalogue().kinds
    for p in catalogue().pairs:
        assert set(p.types) <= set(kinds)
        assert all(p.signs)
        assert p.vi and p.en
        assert not {plain(s) for s in p.signs[0]} & {plain(s) for s in p.signs[1]}
    assert len({frozenset(p.types) for p in catalogue().pairs}) == len(catalogue().pairs)
    assert all(set(k.follows) <= set(kinds) for k in kinds.values())


@pytest.mark.parametrize("title", catalogue().titles, ids=lambda t: f"{t.type}:{t.squeezed}")
def test_every_title_is_found_as_its_own_type(title) -> None:  # type: ignore[no-untyped-def]
    page = typed(
        ["^CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "^Độc lập - Tự do - Hạnh phúc", "", f"^{title.printed}", "", "Một dòng chữ thường của văn bản."]
    )
    matches = find_titles(Sheet(page))
    assert matches[0].type == title.type or squeeze(title.printed) == squeeze("PHIẾU TỪ CHỐI TIẾP NHẬN GIẢI QUYẾT HỒ SƠ")
    assert matches[0].exact


def test_an_unknown_id_of_a_newer_archive_is_named_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOHOA_LANG", "en")
    assert kind("giay_cua_nam_2040").id == "khong_xac_dinh"
    assert type_name("giay_khai_sinh") == "Birth certificate"
    monkeypatch.setenv("SOHOA_LANG", "vi")
    assert type_name("giay_khai_sinh") == "Giấy khai sinh"
    assert field_name("reference") == "Số, ký hiệu"
    assert field_name("truong_moi") == "truong_moi"
