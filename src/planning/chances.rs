//! Chances that a knock is answered, for lists: the model of an area, kept for some minutes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{Error, Question, Ready};
use crate::domain::CaseId;
use crate::plan::Insight;
use crate::store::survey::AreaRow;
use crate::store::{Store, SurveyKey};
use crate::surveys::Survey;

/// Areas with more cases get no chances: a list must answer at once.
const MOST_CASES: usize = 5_000;
/// How long a model is kept.
const KEPT: Duration = Duration::from_secs(600);
/// Most models kept.
const MOST_MODELS: usize = 8;

/// What an area's visits have taught.
struct Model {
    ready: Ready,
    insight: Insight,
    places: HashMap<CaseId, usize>,
}

/// Models by area; clones share them.
#[derive(Clone, Default)]
pub struct Chances(Arc<Mutex<Kept>>);

/// Models by survey and area, with the moment they were made.
type Kept = HashMap<(SurveyKey, String), (Instant, Arc<Model>)>;

impl Chances {
    /// Chances for doors of an area at given moments, in their order; all `None` where the area is too large.
    pub async fn of(
        &self,
        store: &Store,
        survey: &Arc<Survey>,
        area: &AreaRow,
        now: Timestamp,
        doors: &[(CaseId, Timestamp)],
    ) -> Result<Vec<Option<f64>>, Error> {
        let Some(model) = self.model(store, survey, area, now).await? else {
            return Ok(vec![None; doors.len()]);
        };
        let day = model.ready.input();
        Ok(doors
            .iter()
            .map(|(case, at)| {
                let place = *model.places.get(case)?;
                Some((model.insight.chance(place, *at, &day) * 1000.0).round() / 1000.0)
            })
            .collect())
    }

    async fn model(
        &self,
        store: &Store,
        survey: &Arc<Survey>,
        area: &AreaRow,
        now: Timestamp,
    ) -> Result<Option<Arc<Model>>, Error> {
        let name = (survey.key, area.code.clone());
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        if let Some((_, model)) = kept.filter(|(made, _)| made.elapsed() < KEPT) {
            return Ok(Some(model));
        }
        let most = i64::try_from(MOST_CASES).unwrap_or(i64::MAX) + 1;
        if store.count_cases(survey.key, area.range, most).await? >= most {
            return Ok(None);
        }
        let on = survey.rules.calendar.local_date(now);
        let question = Question { area: area.clone(), on, now, hours: HashMap::new() };
        let ready = Ready::read(store, Arc::clone(survey), question).await?;
        let insight = ready.insight();
        let places = ready.doors.iter().enumerate().map(|(i, d)| (d.case_id, i)).collect();
        let model = Arc::new(Model { ready, insight, places });
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_MODELS
            && let Some(oldest) = all.iter().min_by_key(|(_, (made, _))| *made).map(|(name, _)| name.clone())
        {
            all.remove(&oldest);
        }
        all.insert(name, (Instant::now(), Arc::clone(&model)));
        Ok(Some(model))
    }
}
