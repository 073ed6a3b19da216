#!/usr/bin/env python3
"""Writes the built-in forms (forms/*.xlsx) and the needs form of the example survey.

The spreadsheets are what the program reads; this text is what people review. Run it again after a change here:
`python3 scripts/make_forms.py`; `--check` says whether the files are those that it would write.
"""

import pathlib
import sys

from xlsx_writer import workbook

ZH, EN = "中文 (zh)", "English (en)"
VERSION = "2026113001"
COLUMNS = [
    "type", "name", f"label::{ZH}", f"label::{EN}", f"hint::{ZH}", f"hint::{EN}", "doorknock", "required", "relevant",
    "constraint", f"constraint_message::{ZH}", f"constraint_message::{EN}", "appearance", "calculation", "choice_filter",
    "repeat_count", "default", "save_to",
]
SHORT = {
    "zh": COLUMNS[2], "en": COLUMNS[3], "hint_zh": COLUMNS[4], "hint_en": COLUMNS[5], "dk": "doorknock", "if_": "relevant",
    "check": "constraint", "say_zh": COLUMNS[10], "say_en": COLUMNS[11], "look": "appearance", "calc": "calculation",
    "filter": "choice_filter", "count": "repeat_count",
}


def q(kind, name="", zh="", en="", dk="", **more):
    """One row of the sheet survey."""
    return {"type": kind, "name": name, "zh": zh, "en": en, "dk": dk, **more}


def must(*args, **more):
    return q(*args, required="yes", **more)


# ---------------------------------------------------------------- lists
YES_NO = [("yes", "是", "Yes"), ("no", "否", "No")]
LISTS = {
    "yes_no": YES_NO,
    "result": [("complete", "完整", "Complete"), ("partial", "部分完成", "Partial")],
    "respondent": [
        ("member", "本户成员", "Member of the household"), ("relative", "亲属", "Relative"), ("neighbour", "邻居", "Neighbour"),
        ("manager", "物业或房东", "Manager or landlord"),
    ],
    "household_type": [("family", "家庭户", "Family household"), ("collective", "集体户", "Collective household")],
    "dwelling_kind": [
        ("1", "普通住宅", "Ordinary dwelling"), ("2", "集体住所", "Collective quarters"), ("3", "工作地住所", "Workplace"),
        ("4", "其他住房", "Other"), ("5", "无住房", "None"),
    ],
    "tenure": [("own", "自有", "Owned"), ("rent", "租住", "Rented")],
    "sex": [("m", "男", "Male"), ("f", "女", "Female")],
    "relationship": [
        ("head", "户主", "Head"), ("spouse", "配偶", "Spouse"), ("child", "子女", "Child"), ("parent", "父母", "Parent"),
        ("parent_in_law", "岳父母或公婆", "Parent-in-law"), ("grandparent", "祖父母", "Grandparent"),
        ("child_in_law", "媳婿", "Child-in-law"), ("grandchild", "孙子女", "Grandchild"), ("sibling", "兄弟姐妹", "Sibling"),
        ("other", "其他", "Other"),
    ],
    "stayed_at": [
        ("1", "本普查小区", "This small area"), ("2", "本村（居）委会其他普查小区", "Another small area of this community"),
        ("3", "本乡（镇、街道）其他村（居）委会", "Another community of this township"),
        ("4", "本县（市、区）其他乡（镇、街道）", "Another township of this county"), ("5", "其他县（市、区）", "Another county"),
        ("6", "港澳台或国外", "Hong Kong, Macau, Taiwan or abroad"),
    ],
    "registered_at": [
        ("1", "本村（居）委会", "This community"), ("2", "本乡（镇、街道）其他村（居）委会", "Another community of this township"),
        ("3", "本县（市、区）其他乡（镇、街道）", "Another township of this county"), ("4", "其他县（市、区）", "Another county"),
        ("5", "户口待定", "Undetermined"),
    ],
    "time_away": [
        ("1", "没有离开", "Not left"), ("2", "不满半年", "Under half a year"), ("3", "半年以上，不满一年", "Half a year to one"),
        ("4", "一年以上，不满二年", "1 to 2 years"), ("5", "二年以上，不满三年", "2 to 3 years"), ("6", "三年以上，不满四年", "3 to 4 years"),
        ("7", "四年以上，不满五年", "4 to 5 years"), ("8", "五年以上，不满十年", "5 to 10 years"), ("9", "十年以上", "10 years or more"),
    ],
    "reason_away": [
        ("work", "工作就业", "Work"), ("study", "学习培训", "Study or training"), ("kin", "随同离开或投亲靠友", "Joining kin"),
        ("moving", "拆迁或搬家", "Demolition or moving house"), ("registration", "寄挂户口", "Registration lodged only"),
        ("marriage", "婚姻嫁娶", "Marriage"), ("grandchildren", "照料孙子女", "Caring for grandchildren"),
        ("schooling", "为子女就学", "Child's schooling"), ("old_age", "养老或康养", "Old-age care"), ("other", "其他", "Other"),
    ],
    "education": [
        ("1", "未上过学", "None"), ("2", "学前教育", "Preschool"), ("3", "小学", "Primary"), ("4", "初中", "Junior middle"),
        ("5", "高中", "Senior middle"), ("6", "大学专科", "Junior college"), ("7", "大学本科", "Bachelor"),
        ("8", "硕士研究生", "Master"), ("9", "博士研究生", "Doctor"),
    ],
    "literate": [("1", "是", "Yes"), ("2", "否", "No")],
    "outcome": [
        ("interview_complete", "完成登记", "Interview complete"), ("interview_partial", "部分完成", "Partial interview"),
        ("no_answer", "无人应答", "Nobody home"), ("respondent_away", "知情人不在", "Someone home, nobody able to answer"),
        ("appointment_made", "预约再访", "Call-back agreed"), ("refusal_soft", "暂不配合", "Not now"),
        ("refusal_hard", "拒绝登记", "Refuses"), ("break_off", "中途中止", "Stopped midway"),
        ("household_away", "全户外出（户在人不在）", "Whole household away"), ("no_entry", "无法进楼", "Cannot enter building"),
        ("language", "语言不通", "Language barrier"), ("incapable", "因病不能应答", "Ill, incapable"), ("unsafe", "不安全、封控", "Unsafe"),
        ("not_found", "查无此址", "Address not found"), ("occupancy_unknown", "是否有人居住不明", "Cannot tell if lived in"),
        ("screen_failed", "情况不明", "Lived in, composition unknown"), ("vacant", "空置房", "Empty dwelling"),
        ("seasonal", "季节性住所", "Second home"), ("vacant_other", "未入住新房", "New, not moved into"),
        ("non_residential", "非居住用房", "Business or office"), ("institution", "机构", "Institution"),
        ("collective", "集体住所", "Collective quarters"), ("demolished", "已拆除", "Demolished"),
        ("under_construction", "在建", "Not yet a dwelling"), ("duplicate_address", "重复地址", "Same door listed twice"),
        ("out_of_area", "不属本小区", "Belongs to another area"), ("no_eligible_person", "无应登记人员", "Nobody to register"),
    ],
    "channel": [("in_person", "上门", "In person"), ("telephone", "电话", "Telephone"), ("online", "网上", "Online")],
    "informant": [
        ("none", "无", "Nobody"), ("neighbour", "邻居", "Neighbour"), ("manager", "物业", "Manager"), ("relative", "亲属", "Relative"),
    ],
    "scope": [("today", "今天的清单", "Today's sheet"), ("all", "所有门户", "All doors")],
    "kind": [
        ("residential", "住宅", "Dwelling"), ("collective", "集体住所", "Collective quarters"), ("business", "商业", "Business"),
        ("public", "公共", "Public"), ("under_construction", "在建", "Under construction"),
    ],
}
# The reference moment is data of the survey: the one item of this list, which a set-up may replace.
MOMENT = ("moment", "reference", "标准时点", "Reference moment", "2020-11-01")

# ---------------------------------------------------------------- the short form
REFERENCE = "date(instance('moment')/root/item[name = 'reference']/day)"
MONTHS = (
    "(format-date({r}, '%Y') * 12 + format-date({r}, '%n')) - (format-date(${{birth}}, '%Y') * 12 + format-date(${{birth}}, '%n'))"
).format(r=REFERENCE)
WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
SUM = " + ".join(f"{w} * number(substr(., {n}, {n + 1}))" for n, w in enumerate(WEIGHTS))
LAST = "if(regex(substr(., 17, 18), '^[xX]$'), 10, number(substr(., 17, 18)))"
ID_RIGHT = f"regex(., '^[0-9]{{17}}[0-9xX]$') and ({SUM} + {LAST}) mod 11 = 1"
SAME_TOWN = (
    "(${stayed_here} = 'yes' and (${registered_at} = '1' or ${registered_at} = '2'))"
    " or (${stayed_here} = 'no' and (${stayed_at} = '1' or ${stayed_at} = '2' or ${stayed_at} = '3'))"
)
COUNT = {"check": ". >= 0 and . <= 999", "say_zh": "请填 0 到 999 的整数", "say_en": "A whole number from 0 to 999"}

PERSON = [
    q("begin repeat", "person", "成员", "Person", "persons", count="${n_stayed} + ${n_registered_absent}"),
    must("text", "name", "姓名", "Name", "person.name"),
    must("select_one relationship", "relationship", "与户主关系", "Relationship to the head", "person.relationship",
         check="${household_type} = 'collective' or (position(..) = 1 and . = 'head') or (position(..) > 1 and . != 'head')",
         say_zh="第一人是户主，且只有一位户主", say_en="The first person is the head, and there is one head"),
    must("select_one sex", "sex", "性别", "Sex", "person.sex"),
    must("date", "birth", "出生年月", "Year and month of birth", "person.birth", look="month-year",
         check=f". < {REFERENCE} and . > date('1890-01-01')",
         say_zh="标准时点及以后出生的不登记", say_en="Born at or after the reference moment: not registered"),
    q("text", "citizen_id", "公民身份号码", "Citizen ID number", "person.citizen_id", check=ID_RIGHT,
      say_zh="号码有误：18 位，末位为校验码", say_en="The number is wrong: 18 characters, the last one is a check",
      hint_zh="新生儿或不愿提供可留空", hint_en="May be left empty"),
    q("note", "id_differs", "⚠ 身份号码与性别或出生年月不一致，请核对", "⚠ The number does not agree with sex or birth; please check",
      if_="${citizen_id} != '' and (substr(${citizen_id}, 6, 12) != format-date(${birth}, '%Y%m')"
          " or (number(substr(${citizen_id}, 16, 17)) mod 2 = 1) != (${sex} = 'm'))"),
    q("text", "ethnicity", "民族代码（01 汉族）", "Ethnicity code (01 Han)", "person.ethnicity", check="regex(., '^[0-9]{2}$')",
      say_zh="两位数字", say_en="Two digits"),
    must("select_one yes_no", "stayed_here", "10 月 31 日晚是否住在本户", "Slept here on the night before the reference moment",
         "person.stayed_here"),
    must("select_one stayed_at", "stayed_at", "标准时点居住地", "Where the person stayed", "person.stayed_at",
         check="${stayed_here} = 'no' or . = '1'", say_zh="住在本户的填“本普查小区”", say_en="Who slept here stayed in this small area"),
    must("select_one registered_at", "registered_at", "户口登记地", "Where the person is registered", "person.registered_at",
         check="(${stayed_here} = 'yes' or . = '1') and (. = '1' or ${stayed_at} = '1')",
         say_zh="既不住本小区、户口也不在本村（居）委会的不在此登记", say_en="Who neither stayed nor is registered here does not belong here"),
    q("text", "other_address", "户口登记地或居住地详址", "Address there", "person.other_address",
      if_="${stayed_at} > 1 or ${registered_at} = '2' or ${registered_at} = '3' or ${registered_at} = '4'"),
    q("select_one time_away", "time_away", "离开户口登记地时间", "Time away from the place of registration", "person.time_away",
      if_="${registered_at} != '5'"),
    q("note", "away_differs", "⚠ 离开时间与居住地、户口登记地不一致，请核对",
      "⚠ Time away does not agree with the two places; please check",
      if_=f"${{time_away}} != '' and ${{registered_at}} != '5' and (${{time_away}} = '1') != ({SAME_TOWN})"),
    q("select_one reason_away", "reason_away", "离开户口登记地原因", "Reason for being away", "person.reason_away", if_="${time_away} > 1"),
    q("select_one education", "education", "受教育程度（3 周岁及以上）", "Education (3 years and older)", "person.education",
      if_=f"${{birth}} != '' and {MONTHS} > 36"),
    q("select_one literate", "literate", "是否识字（15 周岁及以上）", "Can read (15 years and older)", "person.literate",
      if_=f"${{birth}} != '' and {MONTHS} > 180"),
    q("end repeat"),
]
HOUSEHOLD = [
    must("select_one respondent", "respondent", "由谁回答", "Who answers", "interview.respondent"),
    must("select_one household_type", "household_type", "H1 户别", "H1 Type of household", "household.household_type"),
    must("integer", "n_stayed", "H2 10 月 31 日晚住在本户的人数", "H2 People who slept here", "household.n_stayed", **COUNT),
    must("integer", "n_registered_absent", "H2 户口在本户、当晚未住的人数", "H2 Registered here, slept elsewhere",
         "household.n_registered_absent", **COUNT),
    q("integer", "births_m", "H3 出生：男", "H3 Births: boys", "household.births_m", **COUNT),
    q("integer", "births_f", "H3 出生：女", "H3 Births: girls", "household.births_f", **COUNT),
    q("integer", "deaths_m", "H4 死亡：男", "H4 Deaths: men", "household.deaths_m", **COUNT),
    q("integer", "deaths_f", "H4 死亡：女", "H4 Deaths: women", "household.deaths_f", **COUNT),
    q("select_one dwelling_kind", "dwelling_kind", "H5 住所类型", "H5 Kind of dwelling", "household.dwelling_kind"),
    q("decimal", "floor_area_m2", "H6 建筑面积（平方米）", "H6 Floor area (m²)", "household.floor_area_m2",
      if_="${dwelling_kind} = '1'", check=". > 0", say_zh="须大于 0", say_en="More than 0"),
    q("integer", "rooms", "H7 间数", "H7 Rooms", "household.rooms", if_="${dwelling_kind} = '1'", check=". >= 1", say_zh="至少 1 间",
      say_en="At least 1"),
    q("select_one tenure", "tenure", "住房来源", "Tenure", "household.tenure", if_="${dwelling_kind} = '1'"),
    q("text", "phone", "联系电话", "Telephone", "household.phone", look="numbers"),
]
COUNTS = [
    q("note", "counts_differ", "⚠ 名单与人数不符，请核对", "⚠ The list does not agree with the counts; please check",
      if_="count(${person}[stayed_here = 'yes']) != ${n_stayed}"
          " or count(${person}[stayed_here = 'no']) != ${n_registered_absent}"),
    q("text", "address_text", "地址（按实际书写）", "Address as written", "interview.address_text"),
    must("select_one result", "result", "登记是否完整", "Is the form complete", "interview.result", default="complete"),
]
CENSUS = HOUSEHOLD + PERSON + COUNTS
CENSUS_LISTS = [
    "yes_no", "result", "respondent", "household_type", "dwelling_kind", "tenure", "sex", "relationship", "stayed_at",
    "registered_at", "time_away", "reason_away", "education", "literate",
]
CLOCK = [q("start", "start"), q("end", "end")]

# ---------------------------------------------------------------- at the door, for Collect
CHOOSE = [
    must("select_one scope", "scope", "从哪里选择门户", "Choose the door from", default="today"),
    q("select_one_from_file today.csv", "door_today", "门户", "Door", look="minimal autocomplete", required="yes",
      if_="${scope} = 'today'"),
    q("select_one_from_file buildings.csv", "building", "楼", "Building", look="minimal", required="yes", if_="${scope} = 'all'"),
    q("select_one_from_file doors.csv", "door_all", "门户", "Door", look="minimal autocomplete", required="yes",
      if_="${scope} = 'all'", filter="building = ${building}"),
    q("calculate", "door", dk="case", calc="if(${scope} = 'today', ${door_today}, ${door_all})"),
    q("calculate", "door_label", calc="instance('doors')/root/item[name = ${door}]/label"),
]
VISIT = [
    must("select_one outcome", "outcome", "敲门结果", "Outcome", "visit.outcome", look="minimal"),
    q("select_one informant", "informant", "由谁告知", "Who said it", "visit.informant",
      if_="selected('vacant seasonal vacant_other household_away occupancy_unknown non_residential no_eligible_person', ${outcome})"),
    must("dateTime", "back_from", "再访时间：从", "Come back: from", "visit.appointment.from", if_="${outcome} = 'appointment_made'"),
    q("dateTime", "back_to", "再访时间：到（可留空，一小时）", "Come back: until (may be left empty: one hour)", "visit.appointment.to",
      if_="${outcome} = 'appointment_made'", check=". > ${back_from}", say_zh="须晚于开始时间", say_en="Later than the beginning"),
]
AFTER = [
    q("select_one channel", "channel", "方式", "Channel", "visit.channel", default="in_person"),
    q("text", "card", "留下的卡号", "Number of the card left", "visit.card", look="numbers", if_="${outcome} != 'interview_complete'",
      check="regex(., '^[0-9]{7}$')", say_zh="七位数字", say_en="Seven digits"),
    q("text", "note", "备注", "Note", "visit.note", look="multiline"),
    q("image", "photo", "照片", "Photo", "visit.photo"),
    q("geopoint", "position", "位置", "Position", "visit.position"),
]
LABEL = "concat(substring-before(concat(${door_label}, ' '), ' '), ' · ', jr:choice-name(${outcome}, '${outcome}'))"
UPDATE = [["list_name", "entity_id", "label"], ["doors", "${door}", LABEL]]
VISIT_LISTS = ["outcome", "channel", "informant", "scope"]
DOOR = CLOCK + CHOOSE + VISIT + [
    q("begin group", "census", "登记", "Short form", if_="${outcome} = 'interview_complete'"),
    *CENSUS,
    q("end group"),
] + AFTER
FOUND = CLOCK + [
    must("text", "area", "普查小区代码", "Code of the small area", "dwelling.area"),
    must("text", "building", "楼号", "Building", "dwelling.building", save_to="building"),
    q("text", "unit", "单元", "Unit", "dwelling.unit", save_to="unit"),
    q("integer", "floor", "楼层", "Floor", "dwelling.floor", save_to="floor"),
    must("text", "room", "室", "Room", "dwelling.room", save_to="room"),
    must("select_one kind", "kind", "类型", "Kind", "dwelling.kind", default="residential"),
    q("text", "note", "备注", "Note", "dwelling.note"),
    q("geopoint", "position", "位置", "Position", "visit.position"),
]
CREATE = [["list_name", "create_if", "label"], ["doors", "true()", "concat(${unit}, '-', ${room}, ' ＋')"]]
RECEIPTS = [
    q("select_one_from_file receipts.csv", "receipt", "待核或不能使用的提交", "Submissions that wait or cannot be used"),
    q("calculate", "reason", calc="instance('receipts')/root/item[name = ${receipt}]/reason"),
    q("note", "shown", "${reason}", "${reason}", if_="${receipt} != ''"),
]

# ---------------------------------------------------------------- the residents' needs, of the example survey
NEEDS_LISTS = {
    "yes_no": YES_NO,
    "need": [
        ("lift", "加装电梯", "Lift"), ("parking", "停车", "Parking"), ("elderly", "养老服务", "Care for the elderly"),
        ("children", "托幼与课后", "Child care"), ("gas", "燃气与管道", "Gas and pipes"), ("green", "绿化与健身", "Green and sports"),
        ("security", "安全与照明", "Safety and lighting"), ("waste", "垃圾分类", "Waste"),
    ],
    "satisfied": [("1", "很不满意", "Very unhappy"), ("2", "不满意", "Unhappy"), ("3", "一般", "So-so"), ("4", "满意", "Content"), ("5", "很满意", "Very content")],
    "care": [("home", "上门服务", "At home"), ("day", "日间照料", "By day"), ("meal", "助餐", "Meals"), ("none", "不需要", "None")],
    "when": [("weekday", "工作日白天", "Weekdays"), ("evening", "晚上", "Evenings"), ("weekend", "周末", "Weekends")],
}
NEEDS = CLOCK + [
    must("select_one_from_file doors.csv", "door", "门户", "Door", "case", look="minimal autocomplete"),
    must("select_multiple need", "needs", "最需要改善的方面（最多三项）", "What needs to get better most (three at most)",
         check="count-selected(.) <= 3", say_zh="最多选三项", say_en="Three at most"),
    q("rank need", "needs_ranked", "请排序", "Please rank", if_="count-selected(${needs}) > 1", filter="selected(${needs}, name)"),
    must("select_one satisfied", "satisfied", "对小区总体是否满意", "How content with the estate"),
    q("begin group", "elderly", "老人", "Elderly people"),
    must("integer", "people_60", "60 岁及以上人数", "People of 60 or more", check=". >= 0 and . <= 20", say_zh="0 到 20", say_en="0 to 20"),
    q("select_multiple care", "care", "需要的养老服务", "Care that is needed", if_="${people_60} > 0"),
    q("end group"),
    q("begin group", "home", "住房", "Home"),
    must("select_one yes_no", "lift", "是否赞成加装电梯", "For a lift in the house"),
    q("integer", "lift_pay", "愿意每月支付（元）", "Would pay each month (yuan)", if_="${lift} = 'yes'", check=". >= 0", say_zh="不小于 0", say_en="0 or more"),
    q("integer", "cars", "汽车数量", "Cars", check=". >= 0 and . <= 9", say_zh="0 到 9", say_en="0 to 9"),
    must("select_one yes_no", "gas", "是否已通天然气", "Has piped gas"),
    q("end group"),
    q("begin repeat", "child", "未成年子女", "Children"),
    q("integer", "age", "年龄", "Age", check=". >= 0 and . < 18", say_zh="0 到 17", say_en="0 to 17"),
    q("select_one yes_no", "after_school", "需要课后托管", "Needs care after school"),
    q("end repeat"),
    q("text", "remark", "其他意见", "Anything else", look="multiline"),
    must("select_one yes_no", "contact", "是否愿意社区联系", "May the community call back", "answer.contact_wish"),
    q("select_multiple when", "contact_when", "方便的时间", "When", if_="${contact} = 'yes'"),
]


# ---------------------------------------------------------------- writing
def survey_sheet(rows):
    return [COLUMNS] + [[row.get(short_of(column), row.get(column, "")) for column in COLUMNS] for row in rows]


def short_of(column):
    return next((short for short, name in SHORT.items() if name == column), column)


def form(form_id, title, rows, lists, entities=None, moment=False):
    choices = [["list_name", "name", f"label::{ZH}", f"label::{EN}", "day"]]
    choices += [[name, *choice] for name, of in lists.items() for choice in of]
    if moment:
        choices.append(list(MOMENT))
    sheets = {
        "survey": survey_sheet(rows),
        "choices": choices,
        "settings": [["form_title", "form_id", "version", "default_language"], [title, form_id, VERSION, ZH]],
    }
    if entities:
        sheets["entities"] = entities
    return workbook(sheets)


def some(*names):
    return {name: LISTS[name] for name in names}


def forms():
    return {
        "forms/census_short.xlsx": form("census_short", "普查短表 Census short form", CLOCK + CENSUS, some(*CENSUS_LISTS), moment=True),
        "forms/door.xlsx": form("door", "入户登记 At the door", DOOR, some(*VISIT_LISTS, *CENSUS_LISTS), UPDATE, moment=True),
        "forms/door_visit.xlsx": form("door_visit", "敲门记录 Visit", CLOCK + CHOOSE + VISIT + AFTER, some(*VISIT_LISTS), UPDATE),
        "forms/door_found.xlsx": form("door_found", "新发现的门户 A door found", FOUND, some("kind"), CREATE),
        "forms/receipts.xlsx": form("receipts", "回执 Receipts", RECEIPTS, {}),
        "fixtures/yongxin/forms/needs.xlsx": form("needs", "居民需求调查表 Residents' needs", NEEDS, NEEDS_LISTS),
    }


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    stale = []
    for name, data in forms().items():
        path = root / name
        if path.exists() and path.read_bytes() == data:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    print("\n".join(stale) if stale else "all forms are as written here")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
