//! Chinese numerals as they occur in addresses, to Arabic digits.

/// The value of a Chinese digit.
fn digit(c: char) -> Option<u32> {
    Some(match c {
        '零' | '〇' | '○' => 0,
        '一' | '壹' | '幺' => 1,
        '二' | '两' | '贰' => 2,
        '三' | '叁' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

/// A character that can be part of a Chinese numeral.
pub fn is_numeral(c: char) -> bool {
    digit(c).is_some() || matches!(c, '十' | '百' | '拾')
}

/// The value of a run of numerals: 十一, 二十, 一百零二, or digit by digit as in 三零一.
pub fn value(run: &str) -> Option<u32> {
    if run.chars().all(|c| digit(c).is_some()) {
        return run.chars().try_fold(0_u32, |acc, c| acc.checked_mul(10)?.checked_add(digit(c)?));
    }
    let (mut total, mut last) = (0_u32, None);
    for c in run.chars() {
        match c {
            '十' | '拾' => total += last.take().unwrap_or(1) * 10,
            '百' => total += last.take().unwrap_or(1) * 100,
            _ => last = Some(digit(c)?),
        }
    }
    Some(total + last.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        for (run, want) in [
            ("六", 6),
            ("十", 10),
            ("十一", 11),
            ("二十", 20),
            ("二十三", 23),
            ("一百零二", 102),
            ("三零一", 301),
            ("一二〇四", 1204),
            ("十五", 15),
        ] {
            assert_eq!(value(run), Some(want), "{run}");
        }
        assert_eq!(value("楼"), None);
    }
}
