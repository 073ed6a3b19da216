//! The closed list of what a receipt can say about a record that is held, refused or accepted with a warning.
//!
//! Pure: no HTTP, no SQL. A slug is part of the contract: it is never renamed and never used again for
//! something else. `docs/problems.md` holds the same list for people; a test compares the two.

use serde::{Serialize, Serializer};

/// What happens to a record for this reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Stored but not counted until something is cleared up.
    Held,
    /// Kept for the supervisor only; it can never be used as it is.
    Refused,
    /// Accepted; the receipt carries the reason under `warnings`.
    Warned,
}

impl Effect {
    /// The word in the document.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Refused => "refused",
            Self::Warned => "warning",
        }
    }
}

macro_rules! reasons {
    ($($name:ident $slug:literal $effect:ident { $sentence:literal, $sentence_zh:literal })+) => {
        /// Why a record was not simply accepted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason {
            $(#[doc = concat!("`", $slug, "`: ", $sentence)] $name,)+
        }

        impl Reason {
            /// Every reason there is, in the order of the document.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word on the wire.
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug),+ }
            }

            /// One English sentence for the person who made the record.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence),+ }
            }

            /// The same in Chinese.
            pub const fn sentence_zh(self) -> &'static str {
                match self { $(Self::$name => $sentence_zh),+ }
            }

            /// What it does to the record.
            pub const fn effect(self) -> Effect {
                match self { $(Self::$name => Effect::$effect),+ }
            }

            /// The reason with this slug, or nothing.
            pub fn from_slug(slug: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|reason| reason.slug() == slug)
            }
        }
    };
}

impl Reason {
    /// What would free a record held for this reason, in English and Chinese.
    pub const fn freed_by(reason: Option<Self>) -> (&'static str, &'static str) {
        match reason {
            Some(Self::UnknownCase) => (
                "the record of that door, an assignment of it, or a decision that names the right case",
                "该户的登记记录、分配该户，或由普查指导员指定正确的住户",
            ),
            Some(Self::LooksLike) => (
                "a supervisor's decision: accept it as a new door, or with the listed door's case",
                "普查指导员的判定：作为新住户接受，或归入名单上的住户",
            ),
            Some(Self::UnknownArea) => {
                ("a set-up that holds the area, then a decision", "在设置中加入该区域，然后判定")
            }
            Some(Self::FormError) => ("a corrected form with a higher revision", "以更高修订号发送的更正表"),
            Some(_) | None => ("a supervisor's decision", "普查指导员的判定"),
        }
    }
}

reasons! {
    UnknownCase "unknown-case" Held {
        "The door is not known here yet; the record counts as soon as it is.",
        "系统中尚无该户，待其登记后记录即生效。" }
    UnknownArea "unknown-area" Held {
        "The area is not known here yet; a supervisor can add it or move the door.",
        "系统中尚无该区域，普查指导员可添加区域或调整住户归属。" }
    LooksLike "looks-like" Held {
        "The door looks like a listed one under another writing, or has its number; a supervisor says whether it is that door or a new one.",
        "该户像是名单上某户的另一种写法，或与其编号相同，由普查指导员确认是否为同一户。" }
    ImplausibleTime "implausible-time" Held {
        "The time lies in the future or before the survey began; a supervisor judges it.",
        "时间在未来或早于调查开始，由普查指导员判断。" }
    FormError "form-error" Held {
        "The answers contradict each other or cannot be; correct the form and send it with a higher revision.",
        "答案相互矛盾或不可能成立，请更正表格并以更高的修订号重新发送。" }
    VisitElsewhere "visit-elsewhere" Held {
        "The visit named belongs to another door; a supervisor decides which is right.",
        "所写的访问属于另一户，由普查指导员判断哪个正确。" }
    RevokedDevice "revoked-device" Held {
        "The device was cut off before the record came in; a supervisor decides whether it counts.",
        "记录送达前设备已被停用，由普查指导员决定是否采用。" }
    UnknownForm "unknown-form" Held {
        "The form is not known here yet; what was filled in counts as soon as the form is published.",
        "系统中尚无该表单，待其发布后所填内容即生效。" }
    UnknownFormVersion "unknown-form-version" Held {
        "This version of the form is not known here yet; what was filled in counts as soon as it is published.",
        "系统中尚无该表单的这个版本，待其发布后所填内容即生效。" }
    FormClosed "form-closed" Held {
        "The form is closed; what was filled in counts when the form is opened again or a supervisor accepts it.",
        "该表单已关闭，待重新开放或由普查指导员接受后生效。" }
    EditBeforeOriginal "edit-before-original" Held {
        "This corrects a form that is not here yet; it counts as soon as that one is.",
        "本次更正所针对的表单尚未送达，待其送达后生效。" }
    EditForked "edit-forked" Held {
        "The form was corrected already, by another correction of the same form; a supervisor decides which is right.",
        "该表单已有另一份更正，由普查指导员判断以哪一份为准。" }
    VisitCorrected "visit-corrected" Held {
        "The correction tells another visit than was told first; a supervisor decides which is right.",
        "更正后的访问与原来所报不同，由普查指导员判断以哪个为准。" }
    CardUnbound "card-unbound" Held {
        "The card was not reported from a door yet, or from another one; the visit that left it, or a supervisor, decides.",
        "尚无访问记录报告此卡留在哪一户，或报告的是另一户；以留卡的访问或普查指导员的判定为准。" }
    SelfSecond "self-second" Held {
        "An answer was sent under this code before; a supervisor decides whether this one counts.",
        "此前已用该码提交过；由普查指导员决定是否采用本次提交。" }
    IdReused "id-reused" Refused {
        "Another record with this id is stored; make a new record, or a higher revision of the interview.",
        "已存在同一编号的其他记录；请新建记录，或以更高的修订号发送登记表。" }
    NotARecord "not-a-record" Refused {
        "This is not a record: it has to be an object with a type and an id.",
        "这不是一条记录：须为含有类型和编号的对象。" }
    UnreadableText "unreadable-text" Refused {
        "The record holds text or numbers that cannot be read.",
        "记录中有无法读取的文字或数字。" }
    DuplicateKey "duplicate-key" Refused {
        "A field stands twice in the record, so it is unclear which one is meant.",
        "记录中某个字段出现两次，无法判断以哪一个为准。" }
    TooDeep "too-deep" Refused {
        "The record is nested more than 64 levels deep.",
        "记录的嵌套超过 64 层。" }
    RecordTooLarge "record-too-large" Refused {
        "The record is larger than 256 KiB, or a filled-in form larger than 1 MiB or 20,000 answers.",
        "记录超过 256 KiB，或表单超过 1 MiB 或 20000 项。" }
    TextTooLong "text-too-long" Refused {
        "A text is too long: names take 200 characters, other texts 20,000.",
        "文字过长：姓名最多 200 个字符，其他文字最多 20000 个。" }
    NulCharacter "nul-character" Refused {
        "A text holds a NUL character, which cannot be stored.",
        "文字中含有无法存储的空字符（NUL）。" }
    UnknownType "unknown-type" Refused {
        "The type of the record is none of visit, interview, dwelling, submission, message_read.",
        "记录类型不是访问、登记表、住户、表单或消息已读之一。" }
    SealedUnreadable "sealed-unreadable" Refused {
        "The sealed copy cannot be opened here; send the record itself.",
        "封存的副本无法在此打开，请发送原记录。" }
    BadId "bad-id" Refused {
        "An id is not a UUID or is the nil UUID.",
        "编号不是 UUID，或为全零 UUID。" }
    BadTime "bad-time" Refused {
        "A time is not a date and time with an offset that exists.",
        "时间不是带时差的有效日期时间。" }
    UnknownOutcome "unknown-outcome" Refused {
        "The outcome of the visit is not one of the list.",
        "访问结果不在代码表中。" }
    UnknownCode "unknown-code" Refused {
        "A field holds a code that is not in its list.",
        "某个字段的代码不在其代码表中。" }
    MissingField "missing-field" Refused {
        "A field that the record needs is missing or blank.",
        "缺少必填字段或其内容为空。" }
    BadField "bad-field" Refused {
        "A field does not hold what it has to: a text, a number, a list, yes or no.",
        "某个字段的内容不符合要求（文字、数字、列表、是或否）。" }
    BadRevision "bad-revision" Refused {
        "The revision is not a whole number of at least 1.",
        "修订号不是大于等于 1 的整数。" }
    NotAForm "not-a-form" Refused {
        "This cannot be read as a filled-in form.",
        "无法识别为已填写的表单。" }
    NoBinding "no-binding" Refused {
        "Nothing in the form can be used: it tells no visit, no interview, no door and no answers of a household.",
        "表单中没有可用内容：既无访问、登记表、住户，也无住户的答案。" }
    RefusedByPerson "refused-by-supervisor" Refused {
        "A supervisor looked at the held record and decided that it does not count.",
        "普查指导员查看待核记录后决定不予采用。" }
    CitizenIdDropped "citizen-id-dropped" Warned {
        "The citizen ID cannot be right and was left out; the rest of the record is stored.",
        "公民身份号码有误，已略去，其余内容已存储。" }
    CitizenIdRepaired "citizen-id-repaired" Warned {
        "The citizen ID had one slip that could be mended without doubt.",
        "公民身份号码有一处笔误，已可靠地更正。" }
    CitizenIdDisagrees "citizen-id-disagrees" Warned {
        "The citizen ID does not agree with the sex or birth given.",
        "公民身份号码与所填性别或出生年月不符。" }
    PositionDropped "position-dropped" Warned {
        "The position is out of range or not readable and was left out; the visit is stored.",
        "位置超出范围或无法读取，已略去，访问已存储。" }
    AppointmentDropped "appointment-dropped" Warned {
        "The appointment has no beginning, is reversed, past or after the survey and was left out; the visit is stored.",
        "预约缺少开始时间、时间颠倒、已过或晚于调查结束，已略去，访问已存储。" }
    FieldDropped "field-dropped" Warned {
        "A field cannot be true or used and was left out; it is kept as it was sent and the record is stored.",
        "某个字段不可能成立或无法使用，已略去并按原样保留，记录已存储。" }
    ResidenceDiffers "residence-differs" Warned {
        "The residence status given differs from what the answers say; the answers count.",
        "所填居住状况与答案推出的不同，以答案为准。" }
    TimeAwayDiffers "time-away-differs" Warned {
        "The time away does not fit the places of stay and registration.",
        "离开登记地的时间与居住地、登记地不符。" }
    CountsDiffer "counts-differ" Warned {
        "The numbers given for the household differ from the list of persons.",
        "住户人数与人员名单不符。" }
    Unlikely "unlikely" Warned {
        "The answer is possible but unlikely; please look at it once more.",
        "答案可能但不常见，请再核对一次。" }
    AnswerNotTyped "answer-not-typed" Warned {
        "An answer is not of the type its question asks for and is kept as text.",
        "某个答案与题目要求的类型不符，已按文字保留。" }
    AnswerNotListed "answer-not-listed" Warned {
        "An answer is not among the choices of its question and is kept as it is.",
        "某个答案不在题目的选项中，已按原样保留。" }
    CardTaken "card-taken" Warned {
        "The card with this number was left at another door before; the visit is stored.",
        "该号码的卡此前已留在另一户，访问已存储。" }
    CardInvalid "card-invalid" Warned {
        "There is no card with this number; the visit is stored.",
        "没有该号码的卡，访问已存储。" }
    VisitUnknownYet "visit-unknown-yet" Warned {
        "The visit named has not arrived yet; the interview counts without it.",
        "所写的访问尚未送达，登记表先行生效。" }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.slug())
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.slug())
    }
}

/// Slug and sentence of a reason.
pub(super) fn sentence(reason: Reason) -> (String, String) {
    (reason.slug().to_owned(), reason.sentence().to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const DOCUMENT: &str = include_str!("../../docs/problems.md");

    #[test]
    fn no_slug_stands_twice() {
        let slugs: HashSet<_> = Reason::ALL.iter().map(|reason| reason.slug()).collect();
        assert_eq!(slugs.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert_eq!(Reason::from_slug(reason.slug()), Some(*reason));
        }
    }

    #[test]
    fn the_document_lists_the_same_reasons_word_for_word() {
        let section = DOCUMENT.split("## Reasons").nth(1).unwrap().split("\n## ").next().unwrap();
        let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
        let want: Vec<String> = Reason::ALL
            .iter()
            .map(|r| {
                format!("| `{}` | {} | {} | {} |", r.slug(), r.effect().word(), r.sentence(), r.sentence_zh())
            })
            .collect();
        assert_eq!(rows, want);
    }
}
