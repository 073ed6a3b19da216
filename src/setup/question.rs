//! What a set-up asks before it is applied, and the answers it takes: a list that cannot be the whole truth is not applied
//! as truth. It judges nothing: who applies a set-up makes the questions out of what is stored.

use crate::domain::Language;

macro_rules! answers {
    ($($(#[$meta:meta])* $name:ident $slug:literal { $en:literal, $zh:literal })+) => {
        /// An answer to a [`Question`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Answer { $($(#[$meta])* $name,)+ }

        impl Answer {
            /// Every answer.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its name on the command line and in forms.
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug),+ }
            }

            /// What it says.
            pub const fn label(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::En) => $en, (Self::$name, Language::Zh) => $zh),+
                }
            }
        }
    };
}

answers! {
    /// Doors that the list lacks may go.
    Remove "remove" {
        "remove the doors that the list lacks; what something is known about stays",
        "移除名单中没有的住户；已有记录的保留" }
    /// Rows under another writing are the doors already there.
    SameDoors "same-doors" {
        "they are the same doors: each keeps its visits and takes the new writing",
        "是同一住户：保留访问记录，改用新的写法" }
    /// Rows under another writing are other doors.
    NewDoors "new-doors" {
        "they are other doors: add them beside those already there",
        "是不同住户：另行新增" }
    /// Where number and address contradict each other, the number says which door it is.
    ByNumber "by-number" {
        "external_id says which door it is: visits follow the number to the new address",
        "以 external_id 为准：访问记录随编号转到新地址" }
    /// Where number and address contradict each other, the address says which door it is.
    ByAddress "by-address" {
        "the address says which door it is: visits stay there, and the numbers are corrected",
        "以地址为准：访问记录留在原地址，只更正编号" }
    /// So many people stop working here.
    FewerStaff "fewer-staff" {
        "they no longer work here: their phones and sign-ins end at once",
        "这些人员不再参与：其手机和登录立即失效" }
    /// So many areas are left out.
    FewerAreas "fewer-areas" {
        "leave these areas out",
        "不再保留这些区域" }
    /// The survey starts after what was recorded already.
    EarlyVisits "early-visits" {
        "start later all the same; what was recorded before stays and counts",
        "仍推迟开始；此前的记录保留并继续计入" }
    /// A second survey over the same doors.
    NewSurvey "new-survey" {
        "this is another survey, beside the one already there",
        "这是另一项调查，与现有调查并存" }
    /// The survey's own rules give way to the defaults.
    DefaultPolicy "default-policy" {
        "go back to the default rules",
        "恢复默认规则" }
}

impl Answer {
    /// The answer of that name.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|answer| answer.slug() == slug)
    }
}

/// Something about a set-up that may be meant, and may be a slip that costs days of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The list holds no door.
    NoDoors {
        /// Doors of the survey.
        there: i64,
    },
    /// The list lacks many doors.
    DoorsGone {
        /// Doors nobody has touched: they would be removed.
        removed: i64,
        /// Doors that would be kept, because something is known about them.
        kept: i64,
        /// Doors of the survey.
        there: i64,
        /// Area, building, how many: where most of them are.
        places: Vec<(String, String, i64)>,
    },
    /// Many people, or all of one role, are no longer listed.
    StaffGone {
        /// Role, how many of it go, of how many.
        roles: Vec<(&'static str, usize, usize)>,
        /// Some of their login names.
        users: Vec<String>,
    },
    /// Many areas are left out.
    AreasGone {
        /// How many.
        gone: usize,
        /// Of how many.
        there: usize,
        /// Some of their codes.
        codes: Vec<String>,
    },
    /// Records lie before the day on which the survey would now start.
    StartsLater {
        /// How many.
        records: i64,
        /// The day.
        day: String,
    },
    /// A survey over the same doors and people is under way under another id.
    SecondSurvey {
        /// The id in the file.
        slug: String,
        /// The id of the other one.
        other: String,
        /// Doors that both have.
        doors: i64,
    },
    /// The file no longer says anything about the rules.
    RulesGone {
        /// Tables that were not as the defaults.
        tables: Vec<String>,
    },
    /// Numbers of doors stand at the addresses of other doors, or in another building or area.
    NumbersElsewhere {
        /// How many.
        doors: usize,
        /// Some of them: number, address so far, address in the list.
        examples: Vec<[String; 3]>,
    },
    /// New rows look like doors of the survey that the list lacks.
    LooksLike {
        /// How many.
        doors: usize,
        /// Some of them: the door so far, the row.
        examples: Vec<[String; 2]>,
    },
    /// New rows of which nobody can say which door they are: several doors that the list lacks look like one row, or several rows like
    /// one door.
    LooksLikeSeveral {
        /// How many.
        doors: usize,
        /// Some of them: the doors so far, the row.
        examples: Vec<(Vec<String>, String)>,
    },
}

impl Question {
    /// Name of the question in forms.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::NoDoors { .. } | Self::DoorsGone { .. } => "doors-gone",
            Self::StaffGone { .. } => "staff-gone",
            Self::AreasGone { .. } => "areas-gone",
            Self::StartsLater { .. } => "starts-later",
            Self::SecondSurvey { .. } => "second-survey",
            Self::RulesGone { .. } => "rules-gone",
            Self::NumbersElsewhere { .. } => "numbers-elsewhere",
            Self::LooksLike { .. } => "looks-like",
            Self::LooksLikeSeveral { .. } => "looks-like-several",
        }
    }

    /// The answers it takes. Without one of them nothing is applied.
    pub fn answers(&self) -> &'static [Answer] {
        match self {
            Self::NoDoors { .. } | Self::DoorsGone { .. } => &[Answer::Remove],
            Self::StaffGone { .. } => &[Answer::FewerStaff],
            Self::AreasGone { .. } => &[Answer::FewerAreas],
            Self::StartsLater { .. } => &[Answer::EarlyVisits],
            Self::SecondSurvey { .. } => &[Answer::NewSurvey],
            Self::RulesGone { .. } => &[Answer::DefaultPolicy],
            Self::NumbersElsewhere { .. } => &[Answer::ByNumber, Answer::ByAddress],
            Self::LooksLike { .. } => &[Answer::SameDoors, Answer::NewDoors],
            Self::LooksLikeSeveral { .. } => &[Answer::NewDoors],
        }
    }

    /// The question in words.
    pub fn text(&self, language: Language) -> String {
        match language {
            Language::En => self.english(),
            Language::Zh => self.chinese(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::NoDoors { there: 0 } => "dwellings.csv lists no door".to_owned(),
            Self::NoDoors { there } => {
                format!("dwellings.csv lists no door, but the survey has {there}: is the file whole?")
            }
            Self::DoorsGone { removed, kept, there, places } => {
                let where_: Vec<String> = places
                    .iter()
                    .map(|(area, building, n)| format!("{n} in {area} building {building}"))
                    .collect();
                format!(
                    "dwellings.csv lacks {} of the survey's {there} doors: {removed} would be removed, {kept} kept because \
                     something is known about them. Most of them: {}",
                    removed + kept,
                    where_.join(", ")
                )
            }
            Self::StaffGone { roles, users } => {
                let who: Vec<String> =
                    roles.iter().map(|(role, n, of)| format!("{n} of {of} with the role {role}")).collect();
                format!("staff.csv no longer lists {}: {}", who.join(", "), users.join(", "))
            }
            Self::AreasGone { gone, there, codes } => {
                format!("areas.csv leaves out {gone} of the survey's {there} areas: {}", codes.join(", "))
            }
            Self::StartsLater { records, day } => {
                format!("survey.toml: starts_on: {records} visits and interviews were recorded before {day}")
            }
            Self::SecondSurvey { slug, other, doors } => format!(
                "survey.toml: id: \"{slug}\" would be a new survey, but \"{other}\" is under way on the same days with the same \
                 people and {doors} of the same doors"
            ),
            Self::RulesGone { tables } => format!(
                "survey.toml no longer says anything about {}: the survey's own rules would give way to the defaults",
                tables.join(", ")
            ),
            Self::NumbersElsewhere { doors, examples } => {
                let each: Vec<String> = examples
                    .iter()
                    .map(|[number, old, new]| format!("{number} was {old}, is now {new}"))
                    .collect();
                format!(
                    "dwellings.csv: external_id: {doors} number(s) of the survey's doors stand at another door's address, or in \
                     another building or area: {}",
                    each.join("; ")
                )
            }
            Self::LooksLike { doors, examples } => {
                let each: Vec<String> =
                    examples.iter().map(|[old, new]| format!("{old} looks like {new}")).collect();
                format!(
                    "dwellings.csv: {doors} new door(s) look like doors of the survey that the list lacks, under another writing: {}",
                    each.join("; ")
                )
            }
            Self::LooksLikeSeveral { doors, examples } => {
                let each: Vec<String> =
                    examples.iter().map(|(old, new)| format!("{new} (like {})", old.join(", "))).collect();
                format!(
                    "dwellings.csv: {doors} new door(s) could each be one of several doors, or one door stands there more than once: {}. \
                     Write each as it was before, or give it its external_id, unless it is a new door",
                    each.join("; ")
                )
            }
        }
    }

    fn chinese(&self) -> String {
        match self {
            Self::NoDoors { there: 0 } => "dwellings.csv 中没有任何住户".to_owned(),
            Self::NoDoors { there } => {
                format!("dwellings.csv 中没有任何住户，而调查中现有 {there} 户：文件是否完整？")
            }
            Self::DoorsGone { removed, kept, there, places } => {
                let where_: Vec<String> = places
                    .iter()
                    .map(|(area, building, n)| format!("{area} 的 {building}：{n} 户"))
                    .collect();
                format!(
                    "调查现有 {there} 户，dwellings.csv 缺少其中 {} 户：{removed} 户将被移除，{kept} 户因已有记录而保留。主要在：{}",
                    removed + kept,
                    where_.join("，")
                )
            }
            Self::StaffGone { roles, users } => {
                let who: Vec<String> =
                    roles.iter().map(|(role, n, of)| format!("{role} {of} 人中的 {n} 人")).collect();
                format!("staff.csv 不再列出 {}：{}", who.join("、"), users.join("、"))
            }
            Self::AreasGone { gone, there, codes } => {
                format!("areas.csv 缺少现有 {there} 个区域中的 {gone} 个：{}", codes.join("、"))
            }
            Self::StartsLater { records, day } => {
                format!("survey.toml 的 starts_on：{day} 之前已有 {records} 条访问和登记表")
            }
            Self::SecondSurvey { slug, other, doors } => format!(
                "survey.toml 的 id：“{slug}” 将成为一项新调查，而 “{other}” 正在同一时段由相同人员进行，且有 {doors} 户相同"
            ),
            Self::RulesGone { tables } => {
                format!("survey.toml 不再写明 {}：本调查自己的规则将被默认值取代", tables.join("、"))
            }
            Self::NumbersElsewhere { doors, examples } => {
                let each: Vec<String> = examples
                    .iter()
                    .map(|[number, old, new]| format!("{number} 原为 {old}，现为 {new}"))
                    .collect();
                format!(
                    "dwellings.csv 的 external_id：{doors} 个现有住户的编号出现在别户的地址，或在其他楼栋、区域：{}",
                    each.join("；")
                )
            }
            Self::LooksLike { doors, examples } => {
                let each: Vec<String> = examples.iter().map(|[old, new]| format!("{old} 与 {new}")).collect();
                format!(
                    "dwellings.csv 有 {doors} 个新住户像是名单所缺的现有住户的另一种写法：{}",
                    each.join("；")
                )
            }
            Self::LooksLikeSeveral { doors, examples } => {
                let each: Vec<String> =
                    examples.iter().map(|(old, new)| format!("{new}（像 {}）", old.join("、"))).collect();
                format!(
                    "dwellings.csv 有 {doors} 个新住户无法确定是哪一户：与多户相似，或同一户写了多次：{}。如非新住户，请沿用原写法或填写 external_id",
                    each.join("；")
                )
            }
        }
    }
}

/// The answers given so far, and the questions that are still open.
#[derive(Clone, Debug, Default)]
pub struct Answered {
    answers: Vec<Answer>,
    open: Vec<Question>,
}

impl Answered {
    /// With these answers.
    pub fn with(answers: &[Answer]) -> Self {
        Self { answers: answers.to_vec(), open: Vec::new() }
    }

    /// Whether this answer was given.
    pub fn has(&self, answer: Answer) -> bool {
        self.answers.contains(&answer)
    }

    /// Asks, unless one of the question's answers was given.
    pub fn ask(&mut self, question: Question) {
        if !question.answers().iter().any(|answer| self.has(*answer)) {
            self.open.push(question);
        }
    }

    /// The questions without an answer.
    pub fn open(self) -> Vec<Question> {
        self.open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_comes_back_by_its_name() {
        for answer in Answer::ALL {
            assert_eq!(Answer::from_slug(answer.slug()), Some(*answer));
        }
    }

    #[test]
    fn a_question_stays_open_until_one_of_its_answers_is_given() {
        let question = Question::NoDoors { there: 3 };
        let mut none = Answered::with(&[Answer::FewerStaff]);
        none.ask(question.clone());
        assert_eq!(none.open(), std::slice::from_ref(&question));
        let mut given = Answered::with(&[Answer::Remove]);
        given.ask(question);
        assert_eq!(given.open(), []);
    }

    #[test]
    fn a_question_says_its_figures_in_both_languages() {
        let question = Question::DoorsGone {
            removed: 30,
            kept: 2,
            there: 60,
            places: vec![("A-1".to_owned(), "6".to_owned(), 20)],
        };
        for language in [Language::En, Language::Zh] {
            let text = question.text(language);
            for figure in ["32", "30", "60", "20", "A-1"] {
                assert!(text.contains(figure), "{text}");
            }
        }
    }
}
