//! How often each choice of a form was taken: the questions with choices, outside repeats.

use serde_json::Value;

use super::cells::answer;
use super::{Column, Table};
use crate::forms::model::{Choice, Kind};

/// A question and how it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The question.
    pub column: Column,
    /// How many answered it.
    pub answered: u64,
    /// How often each of its choices was taken, in the order of the form; of choices put in an order, how often it stood first.
    pub taken: Vec<u64>,
}

impl Counted {
    /// The choices, those taken most often first.
    pub fn by_count(&self) -> Vec<(&Choice, u64)> {
        let mut all: Vec<_> = self.column.choices.iter().zip(self.taken.iter().copied()).collect();
        all.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        all
    }
}

/// The answers to a form, counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// How many filled it in.
    pub filled: u64,
    /// The questions.
    pub questions: Vec<Counted>,
}

impl Tally {
    /// Nothing counted yet; `table` is that of the form itself.
    pub fn of(table: &Table) -> Self {
        let with_choices = table.columns.iter().filter(|column| !column.choices.is_empty());
        let counted = |column: &Column| Counted {
            column: column.clone(),
            answered: 0,
            taken: vec![0; column.choices.len()],
        };
        Self { filled: 0, questions: with_choices.map(counted).collect() }
    }

    /// Counts one form.
    pub fn add(&mut self, answers: &Value) {
        self.filled += 1;
        for question in &mut self.questions {
            let Some(said) = answer(answers, &question.column).filter(|said| !said.is_null()) else {
                continue;
            };
            question.answered += 1;
            let taken = |value: &Value| match said.as_array() {
                Some(all) if question.column.kind == Kind::Rank => all.first() == Some(value),
                Some(all) => all.contains(value),
                None => said == value,
            };
            for (choice, n) in question.column.choices.iter().zip(&mut question.taken) {
                *n += u64::from(taken(&Value::from(choice.name.as_str())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn column(name: &str, kind: Kind, choices: &[&str]) -> Column {
        let choice = |name: &&str| Choice { name: (*name).to_owned(), ..Choice::default() };
        Column {
            names: vec!["g".to_owned(), name.to_owned()],
            kind,
            labels: crate::forms::model::Labels::new(),
            choices: choices.iter().map(choice).collect(),
        }
    }

    #[test]
    fn choices_are_counted_once_a_form_and_only_where_something_was_answered() {
        let columns = vec![
            column("needs", Kind::SelectMultiple, &["lift", "gas"]),
            column("ranked", Kind::Rank, &["lift", "gas"]),
            column("lift", Kind::SelectOne, &["yes", "no"]),
            column("remark", Kind::String, &[]),
        ];
        let table = Table { name: String::new(), repeat: Vec::new(), columns };
        let mut tally = Tally::of(&table);
        for said in [
            json!({"g": {"needs": ["gas", "lift"], "ranked": ["gas", "lift"], "lift": "yes", "remark": "x"}}),
            json!({"g": {"needs": ["gas"], "lift": null}}),
            json!({}),
        ] {
            tally.add(&said);
        }
        assert_eq!(tally.filled, 3);
        let counts: Vec<(u64, &[u64])> = tally.questions.iter().map(|q| (q.answered, &q.taken[..])).collect();
        assert_eq!(counts, [(2, &[1, 2][..]), (1, &[0, 1][..]), (1, &[1, 0][..])]);
        let first = tally.questions[0].by_count();
        assert_eq!((first[0].0.name.as_str(), first[0].1), ("gas", 2));
    }
}
