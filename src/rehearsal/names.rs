//! Invented names: plausible for their generation, and the ways in which one name comes to be written differently.

use super::dice::Dice;
use crate::domain::code::Sex;

/// Surnames, the commonest first; the n-th has weight 1/(n + 8).
const SURNAMES: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何",
    "郭", "马", "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "程", "曹", "袁", "邓", "许",
    "傅", "沈", "曾", "彭", "吕", "苏", "卢", "蒋", "蔡", "贾", "丁", "魏", "薛", "叶", "余", "潘", "杜",
    "夏", "钟", "田", "任", "姜", "范", "石", "姚", "谭", "廖", "邹", "熊", "金", "陆", "郝", "孔", "白",
    "崔", "康", "毛", "邱", "秦", "江", "史", "顾", "侯", "邵", "孟", "段", "雷", "钱", "汤", "尹", "黎",
    "常", "武", "乔", "贺", "牛", "逯", "单", "仇", "解", "欧阳", "上官", "司马",
];

/// Characters of given names by sex and time of birth: before 1965, before 1990, later.
const GIVEN: [[&str; 3]; 2] = [
    [
        "建国志明德福海金永保根长文忠义庆祥发生有贵学军民华清山成",
        "伟勇军磊涛斌强鹏超辉刚杰峰波浩宁凯飞鑫亮明俊龙帅洋东晓建志",
        "轩宇浩泽睿晨铭子俊熙奕辰博文昊天嘉乐梓皓宸佳一凡诺哲航",
    ],
    [
        "秀英桂兰玉珍凤梅淑芬素芳爱荣翠花月琴莲云春菊香改琴巧枝",
        "丽娟敏静燕艳霞娜莉婷玲慧芳红晓雪倩颖洁萍琳璐丹娇蕾佳静",
        "涵怡梓欣雨萱诗语琪可馨若彤思妍心悦一诺子佳梦瑶艺晗嘉茜",
    ],
];

/// Characters that sound alike and are mistaken for one another when a name is only heard.
const HOMOPHONES: &[&str] = &[
    "伟玮炜",
    "静婧靖",
    "丽莉俐",
    "军君均",
    "杰洁捷",
    "燕艳彦",
    "霞侠",
    "涛滔",
    "洋阳杨",
    "宇雨羽",
    "婷亭",
    "慧惠会",
    "英瑛",
    "志治",
    "建健",
    "明铭鸣",
    "华桦",
    "梅玫",
    "芳方",
    "琴勤",
    "欣心馨",
    "怡仪宜",
    "涵晗含",
    "轩萱",
    "梓子紫",
    "浩皓昊",
    "佳嘉家",
    "梦孟",
    "晓小",
    "文雯",
    "凤奉",
    "玉钰",
    "珍贞",
    "红宏虹",
    "兰岚",
    "生升",
    "福富",
    "荣蓉容",
    "国果",
    "辉晖",
    "博勃",
    "磊蕾",
    "鹏朋",
    "颖影",
    "娜那",
    "俊隽",
    "超朝",
    "悦月",
    "琪奇淇",
    "语予",
    "傅付",
    "诺喏",
    "晨辰宸",
    "一奕艺",
    "丹单",
];

/// A person's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// One or two characters.
    pub surname: String,
    /// One or two characters.
    pub given: String,
}

impl Name {
    /// Surname and given name as written on a form.
    pub fn full(&self) -> String {
        format!("{}{}", self.surname, self.given)
    }
}

/// A surname.
pub fn surname(dice: &mut Dice) -> &'static str {
    let mut rank = 8.0;
    let weighted: Vec<_> = SURNAMES
        .iter()
        .map(|&surname| {
            rank += 1.0;
            (surname, 1.0 / rank)
        })
        .collect();
    dice.weighted(&weighted)
}

/// A given name for somebody born in `year`.
pub fn given(dice: &mut Dice, sex: Sex, year: i16) -> String {
    let age = match year {
        ..=1964 => 0,
        1965..=1989 => 1,
        1990.. => 2,
    };
    let row = match sex {
        Sex::M => 0,
        Sex::F => 1,
    };
    let letters: Vec<char> = GIVEN[row][age].chars().collect();
    let first = dice.pick(&letters);
    if dice.chance(0.22) {
        return first.to_string();
    }
    format!("{first}{}", dice.pick(&letters))
}

/// The name as somebody else may write it down: one character replaced by one that sounds alike, if there is one.
pub fn misheard(dice: &mut Dice, name: &Name) -> Name {
    let swap = |letter: char, dice: &mut Dice| {
        let group = HOMOPHONES.iter().find(|group| group.contains(letter))?;
        let others: Vec<_> = group.chars().filter(|&other| other != letter).collect();
        Some(dice.pick(&others))
    };
    let mut letters: Vec<char> = name.given.chars().collect();
    let start = dice.below(letters.len());
    for step in 0..letters.len() {
        let at = (start + step) % letters.len();
        if let Some(other) = swap(letters[at], dice) {
            letters[at] = other;
            break;
        }
    }
    Name { surname: name.surname.clone(), given: letters.into_iter().collect() }
}

/// What a neighbour or the property manager calls somebody: surname and a title, or less.
pub fn vague(dice: &mut Dice, name: &Name, sex: Sex, age: i16) -> String {
    let surname = &name.surname;
    let title = match sex {
        Sex::M => "先生",
        Sex::F => "女士",
    };
    match dice.range(0, 9) {
        0..=3 => format!("{surname}某"),
        4..=5 => format!("{surname}{title}"),
        6..=7 if age >= 50 => format!("老{surname}"),
        6..=7 => format!("小{surname}"),
        8 => format!("{surname}某某"),
        _ => "不详".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_look_like_names_and_are_misheard_in_one_character() {
        let mut dice = Dice::of(3, &["names"]);
        let mut changed = 0;
        for year in 1930..2020 {
            let surname = surname(&mut dice).to_owned();
            let name = Name { surname, given: given(&mut dice, Sex::F, year) };
            assert!((2..=4).contains(&name.full().chars().count()), "{name:?}");
            let heard = misheard(&mut dice, &name);
            let differing = name.full().chars().zip(heard.full().chars()).filter(|(a, b)| a != b).count();
            assert!(differing <= 1 && heard.surname == name.surname, "{name:?} {heard:?}");
            changed += differing;
        }
        assert!(changed > 30, "{changed}");
    }
}
