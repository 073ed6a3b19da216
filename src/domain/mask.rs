//! Notes as colleagues read them: short, and without long numbers.

/// Most characters of a note.
const LONGEST: usize = 200;
/// Shortest run of digits that may be a telephone number or an ID.
const SHORTEST_NUMBER: usize = 7;
/// What stands for such a run.
const MASK: &str = "***";

/// A note with every run of 7 or more digits masked, cut to 200 characters.
pub fn masked(note: &str) -> String {
    let mut text = String::with_capacity(note.len());
    let mut run = String::new();
    for c in note.chars() {
        if c.is_numeric() {
            run.push(c);
        } else {
            end_run(&mut run, &mut text);
            text.push(c);
        }
    }
    end_run(&mut run, &mut text);
    text.chars().take(LONGEST).collect()
}

fn end_run(run: &mut String, text: &mut String) {
    if run.chars().count() < SHORTEST_NUMBER {
        text.push_str(run);
    } else {
        text.push_str(MASK);
    }
    run.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_go_and_short_ones_stay() {
        for (note, shown) in [
            ("dog, ring 301 twice", "dog, ring 301 twice"),
            ("call 13800138000 after 8", "call *** after 8"),
            ("1234567", "***"),
            ("123456", "123456"),
            ("电话１３８００１３８０００，晚上", "电话***，晚上"),
            ("", ""),
        ] {
            assert_eq!(masked(note), shown, "{note}");
        }
    }

    #[test]
    fn a_number_at_the_cut_is_masked_as_a_whole() {
        let note = format!("{}13800138000", "字".repeat(197));
        assert_eq!(masked(&note), format!("{}***", "字".repeat(197)));
        assert_eq!(masked(&"字".repeat(300)).chars().count(), 200);
    }
}
