//! Cards that visits left at doors. The first door a number is reported from has the card; an answer that waited for it is stored
//! there. A number cannot cost a visit: what is wrong with it is a warning.

use std::collections::{BTreeSet, HashMap};

use super::super::digest::Keys;
use super::super::reason::Reason;
use super::super::record::{Parsed, VisitRecord, Warning};
use super::super::{Error, self_response};
use super::{Work, new_ones};
use crate::domain::CaseId;
use crate::store::batch::Status;
use crate::store::card::{self, CardRow, Left};

impl Work<'_> {
    /// Notes which cards the new visits that count left where.
    pub(super) async fn take_cards(&mut self, keys: &Keys) -> Result<(), Error> {
        let visits =
            new_ones(
                self.reads(),
                &self.classes,
                |p| if let Parsed::Visit(v) = p { Some(&**v) } else { None },
            );
        let mut named: Vec<(usize, &VisitRecord, CaseId, String)> = visits
            .into_iter()
            .filter_map(|(i, v)| {
                let standing = self.standings.get(&i).filter(|s| s.status == Status::Accepted)?;
                Some((i, v, standing.case_id, v.card?.to_string()))
            })
            .collect();
        if named.is_empty() {
            return Ok(());
        }
        named.sort_by_key(|(_, v, _, _)| (v.at.instant, v.id));
        let numbers: BTreeSet<String> = named.iter().map(|n| n.3.clone()).collect();
        let numbers: Vec<String> = numbers.into_iter().collect();
        let mut cards: HashMap<String, CardRow> = card::lock_numbers(self.tx, self.at.key, &numbers)
            .await?
            .into_iter()
            .filter_map(|card| Some((card.number.clone()?, card)))
            .collect();
        let mut left: Vec<(CardRow, Left)> = Vec::new();
        for (i, v, case, number) in named {
            let remark = match cards.get_mut(&number) {
                None => Some(Reason::CardInvalid),
                Some(CardRow { case_id: Some(at), .. }) => (*at != case).then_some(Reason::CardTaken),
                Some(card) => {
                    card.case_id = Some(case);
                    let place = Left { hash: card.hash.clone(), case, visit: v.id.0, at: v.at.instant };
                    left.push((card.clone(), place));
                    None
                }
            };
            self.remarks.extend(remark.map(|reason| (i, warning(i, reason))));
        }
        if left.is_empty() {
            return Ok(());
        }
        card::bind(self.tx, &left.iter().map(|l| l.1.clone()).collect::<Vec<_>>()).await?;
        let survey = &self.batch.survey;
        let touched = self_response::settle_pending(self.tx, self.at, survey, keys, &left).await?;
        self.unsure.extend(touched.iter().copied());
        self.touched.extend(touched);
        Ok(())
    }
}

fn warning(index: usize, reason: Reason) -> Warning {
    Warning { pointer: format!("/records/{index}/card"), reason, detail: reason.sentence().to_owned() }
}
