//! Where a list of cases goes on.

use uuid::Uuid;

use super::CaseRow;
use crate::domain::CaseId;

/// A place in a list of cases. They come by area, building and id: the order of the index by place, so that a page costs
/// the same wherever it begins, however many doors an area or a building has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CasePlace {
    /// Number of the area.
    pub area_no: i32,
    /// The building.
    pub building: Uuid,
    /// The case.
    pub id: CaseId,
}

impl CasePlace {
    /// Before the first case.
    pub const START: Self = Self { area_no: i32::MIN, building: Uuid::nil(), id: CaseId(Uuid::nil()) };

    /// Where a case stands.
    pub fn of(row: &CaseRow) -> Self {
        Self { area_no: row.area_no, building: row.building_id, id: row.id }
    }

    /// As plain text, for a cursor.
    pub fn to_text(self) -> String {
        format!("{}.{}.{}", self.area_no, self.building.simple(), self.id.0.simple())
    }

    /// Reads such a text.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (area_no, building, id) = (parts.next()?, parts.next()?, parts.next()?);
        let place = Self {
            area_no: area_no.parse().ok()?,
            building: Uuid::try_parse(building).ok()?,
            id: id.parse().ok()?,
        };
        parts.next().is_none().then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_as_it_went() {
        let place = CasePlace { area_no: -3, building: Uuid::max(), id: CaseId::default() };
        for place in [place, CasePlace::START] {
            assert_eq!(CasePlace::parse(&place.to_text()), Some(place));
        }
        for text in ["", "1", "1.2.3", "1..", &format!("{}.x", place.to_text())] {
            assert_eq!(CasePlace::parse(text), None, "{text}");
        }
    }
}
