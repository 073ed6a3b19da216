//! Reading a name as typed: surname and given name, sound, and how vague it is.
//! A vague form (王某, 老王, 李女士) is evidence of the surname at most; 不详 is evidence of nothing.

use serde::{Deserialize, Serialize};

use super::interview::PersonGiven;
use super::sound::{letters_of, near_sound, surname_letters};
use super::text::{clean, hash, hash32, is_han, latin_letters};

/// Surnames of two characters.
const DOUBLE_SURNAMES: [&str; 40] = [
    "欧阳", "上官", "司马", "诸葛", "皇甫", "司徒", "尉迟", "夏侯", "东方", "独孤", "南宫", "西门", "公孙",
    "慕容", "令狐", "宇文", "长孙", "端木", "轩辕", "闻人", "钟离", "鲜于", "司空", "申屠", "公冶", "淳于",
    "单于", "太史", "太叔", "百里", "呼延", "澹台", "万俟", "濮阳", "赫连", "公羊", "宗政", "仲孙", "拓跋",
    "左丘",
];
/// Whole answers that name nobody.
const UNKNOWN: [&str; 25] = [
    "不详",
    "不知",
    "不知道",
    "不清楚",
    "不明",
    "未知",
    "无名",
    "无名氏",
    "拒绝",
    "拒答",
    "拒绝回答",
    "未透露",
    "保密",
    "无",
    "未登记",
    "不愿透露",
    "不肯说",
    "姓名不详",
    "某人",
    "租户",
    "房客",
    "住户",
    "户主",
    "业主",
    "空",
];
/// Endings of a child who has no name yet.
const UNNAMED: [&str; 14] = [
    "未取名",
    "未起名",
    "未命名",
    "没取名",
    "没起名",
    "待取名",
    "宝宝",
    "小宝",
    "大宝",
    "二宝",
    "婴儿",
    "新生儿",
    "毛毛",
    "小孩",
];
/// Endings and signs that stand for the given name.
const TITLES: [&str; 31] = [
    "先生", "女士", "小姐", "太太", "师傅", "老师", "老板", "同志", "大爷", "大妈", "大娘", "大叔", "大姐",
    "大哥", "大嫂", "阿姨", "叔叔", "奶奶", "爷爷", "经理", "医生", "书记", "主任", "某某", "某", "氏", "总",
    "工", "哥", "姐", "姨",
];
/// Endings that name a person by the spouse.
const SPOUSE_ENDINGS: [&str; 10] =
    ["妻子", "之妻", "老婆", "媳妇", "爱人", "丈夫", "老公", "之夫", "妻", "夫"];
/// Endings that name a person by a parent or another relative.
const KIN_ENDINGS: [&str; 12] =
    ["儿子", "女儿", "之子", "之女", "母亲", "父亲", "妈妈", "爸爸", "孙子", "孙女", "长子", "次子"];

/// What a name can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NameForm {
    /// Surname and given name in Han characters.
    Full,
    /// Surname and given name in Latin letters.
    Latin,
    /// The surname alone is certain.
    SurnameOnly,
    /// One character, a surname or part of the given name (老王, 小芳, 阿亮).
    Nickname,
    /// A child without a name; the surname is usual but not sure.
    Unnamed,
    /// Nothing.
    Unknown,
}

/// One character of a given name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Syllable {
    /// The character, simplified.
    pub han: char,
    /// Hash of its toneless pinyin.
    pub sound: u32,
    /// Hash of its coarse sound.
    pub near: u32,
}

impl Syllable {
    fn of(han: char) -> Self {
        let letters = letters_of(han);
        Self { han, sound: hash32(&letters), near: near_sound(&letters) }
    }
}

/// A name ready to be compared.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Name {
    /// How much of a name it is.
    pub form: NameForm,
    /// Surname, Han or Latin letters; empty when not known.
    pub surname: String,
    /// Given name; empty when not known. For a nickname: the one or two characters.
    pub given: String,
    /// Hash of the surname's sound; 0 when not known.
    pub surname_sound: u32,
    /// Hash of the surname's coarse sound; 0 when not known.
    pub surname_near: u32,
    /// The given name's characters (Han only).
    pub syllables: Vec<Syllable>,
    /// Hash of the characters of a full name; 0 otherwise.
    pub full: u64,
    /// Hash of the sounds of a full name; 0 otherwise.
    pub sound: u64,
    /// Toneless letters, surname first; empty when vague.
    pub letters: String,
    /// [`Name::sound`] of the spouse a person is named by (侯晓辉妻); 0 otherwise.
    pub spouse_of: u64,
}

impl Name {
    fn bare(form: NameForm) -> Self {
        Self {
            form,
            surname: String::new(),
            given: String::new(),
            surname_sound: 0,
            surname_near: 0,
            syllables: Vec::new(),
            full: 0,
            sound: 0,
            letters: String::new(),
            spouse_of: 0,
        }
    }

    fn with_surname(form: NameForm, surname: &str) -> Self {
        let mut name = Self::bare(form);
        if !surname.is_empty() {
            let letters = surname_letters(surname);
            name.surname_sound = hash32(&letters);
            name.surname_near = near_sound(&letters);
            surname.clone_into(&mut name.surname);
        }
        name
    }

    /// Reads a person's name.
    pub fn read(person: &PersonGiven) -> Self {
        let text = clean(person.name.as_deref().unwrap_or_default());
        if text.chars().any(is_han) {
            return Self::read_han(&text);
        }
        let part = |s: &Option<String>| s.as_deref().map(latin_letters).unwrap_or_default();
        let (given, surname) = (part(&person.given_name), part(&person.surname));
        if given.is_empty() && surname.is_empty() {
            Self::read_latin(&text)
        } else {
            Self::latin(&given, &surname)
        }
    }

    /// A name that contains Han characters, already [`clean`].
    fn read_han(text: &str) -> Self {
        let text = without_brackets(text);
        let core: String =
            text.chars().filter(|c| is_han(*c) || is_mask(*c) || c.is_ascii_alphabetic()).collect();
        if UNKNOWN.contains(&core.as_str()) {
            return Self::bare(NameForm::Unknown);
        }
        if let Some(name) = Self::read_vague(&core) {
            return name;
        }
        let han: String = core.chars().filter(|c| is_han(*c) && !is_mask(*c)).collect();
        match han.chars().count() {
            0 => Self::bare(NameForm::Unknown),
            1 => Self::with_surname(NameForm::SurnameOnly, &han),
            _ => Self::full(&han),
        }
    }

    /// Vague forms; `None` when the text is a name.
    fn read_vague(core: &str) -> Option<Self> {
        if let Some(stem) = strip_ending(core, &UNNAMED) {
            return Some(Self::with_surname(NameForm::Unnamed, &surname_of(&stem)));
        }
        if let Some(at) = core.find(is_mask) {
            let surname = surname_of(&core[..at]);
            let form = if surname.is_empty() { NameForm::Unknown } else { NameForm::SurnameOnly };
            return Some(Self::with_surname(form, &surname));
        }
        if let Some(stem) = strip_ending(core, &TITLES) {
            let stem = stem.trim_start_matches(['老', '小']);
            if stem.chars().count() == 1 || DOUBLE_SURNAMES.contains(&stem) {
                return Some(Self::with_surname(NameForm::SurnameOnly, stem));
            }
        }
        if let Some(stem) = strip_ending(core, &SPOUSE_ENDINGS).filter(|s| s.chars().count() >= 2) {
            return Some(Self::spouse(core, &stem));
        }
        if strip_ending(core, &KIN_ENDINGS).is_some_and(|s| !s.is_empty()) {
            return Some(Self::bare(NameForm::Unknown));
        }
        Self::read_nickname(core)
    }

    /// 老王, 小芳, 阿亮, 老欧阳: the rest is a surname or the end of the given name.
    fn read_nickname(core: &str) -> Option<Self> {
        let rest = core.strip_prefix(['老', '小', '阿'])?;
        if let Some(surname) = rest.strip_suffix('头') {
            return Some(Self::with_surname(NameForm::SurnameOnly, surname))
                .filter(|_| core.starts_with('老'));
        }
        if !(1..=2).contains(&rest.chars().count()) {
            return None;
        }
        let mut name = Self::with_surname(NameForm::Nickname, rest);
        rest.clone_into(&mut name.given);
        name.syllables = rest.chars().map(Syllable::of).collect();
        Some(name)
    }

    /// 侯晓辉妻. A three-character 刘会夫 may as well be a name, so that is kept beside.
    fn spouse(core: &str, stem: &str) -> Self {
        let may_be_a_name = core.chars().count() <= 3;
        let mut name = if may_be_a_name { Self::full(core) } else { Self::bare(NameForm::Unknown) };
        name.spouse_of = Self::full(stem).sound;
        name
    }

    /// A full Han name of at least two characters.
    fn full(han: &str) -> Self {
        let surname = surname_of(han);
        let given = &han[surname.len()..];
        if given.is_empty() {
            return Self::with_surname(NameForm::SurnameOnly, &surname);
        }
        let mut name = Self::with_surname(NameForm::Full, &surname);
        given.clone_into(&mut name.given);
        name.syllables = given.chars().map(Syllable::of).collect();
        name.letters = surname_letters(&surname);
        for c in given.chars() {
            name.letters.push_str(&letters_of(c));
        }
        name.full = hash(&[&surname, given]);
        name.sound = hash(&[&name.letters]);
        name
    }

    /// Latin text: the last word is the surname unless a comma puts it first; single letters between the
    /// first and last word are initials and do not count.
    fn read_latin(text: &str) -> Self {
        if let Some((surname, given)) = text.split_once(',') {
            return Self::latin(&first_word(given), &latin_letters(surname));
        }
        let words: Vec<String> =
            text.split([' ', '.', '·']).map(latin_letters).filter(|w| !w.is_empty()).collect();
        match words.as_slice() {
            [] => Self::bare(NameForm::Unknown),
            [only] if matches!(only.as_str(), "unknown" | "na" | "none") => Self::bare(NameForm::Unknown),
            [only] => Self::latin("", only),
            [given, .., surname] => Self::latin(given, surname),
        }
    }

    fn latin(given: &str, surname: &str) -> Self {
        if given.is_empty() && surname.is_empty() {
            return Self::bare(NameForm::Unknown);
        }
        let mut name = Self::bare(NameForm::Latin);
        if !surname.is_empty() {
            name.surname_sound = hash32(surname);
            name.surname_near = near_sound(surname);
        }
        surname.clone_into(&mut name.surname);
        given.clone_into(&mut name.given);
        name.letters = format!("{surname}{given}");
        if !given.is_empty() && !surname.is_empty() {
            name.full = hash(&[surname, given]);
            // Either order of the parts sounds the same: they are exchanged often.
            name.sound = if given < surname { hash(&[given, surname]) } else { hash(&[surname, given]) };
        }
        name
    }

    /// Surname and given name are both known.
    pub fn is_full(&self) -> bool {
        self.full != 0
    }
}

fn first_word(text: &str) -> String {
    text.split(' ').map(latin_letters).find(|w| !w.is_empty()).unwrap_or_default()
}

/// Signs that hide a character.
fn is_mask(c: char) -> bool {
    matches!(c, '某' | '×' | '*' | '○' | '〇' | '□' | '■' | '?' | '_' | 'x' | 'X')
}

fn without_brackets(text: &str) -> String {
    let mut depth = 0_u32;
    text.chars()
        .filter(|c| match c {
            '(' | '[' | '【' | '〔' => {
                depth += 1;
                false
            }
            ')' | ']' | '】' | '〕' => {
                depth = depth.saturating_sub(1);
                false
            }
            _ => depth == 0,
        })
        .collect()
}

fn strip_ending(text: &str, endings: &[&str]) -> Option<String> {
    endings.iter().find_map(|e| text.strip_suffix(e)).map(str::to_owned)
}

/// The leading surname of Han text: two characters when they are a known double surname.
fn surname_of(han: &str) -> String {
    let head: String = han.chars().take(2).collect();
    if DOUBLE_SURNAMES.contains(&head.as_str()) { head } else { han.chars().take(1).collect() }
}

#[cfg(test)]
#[path = "name_tests.rs"]
mod tests;
