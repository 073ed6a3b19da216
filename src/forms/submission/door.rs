//! How a form names a door, and how the ids of cases and of entities become each other.

use uuid::{Uuid, Version};

/// A door as a form names it; which one it is, and whether it is within reach, is looked up elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorName {
    /// As written, without blanks around it. Its number in another register, if it is no id.
    pub text: String,
    /// The id it is, if it is one.
    pub id: Option<Uuid>,
    /// The case that the id would be an entity of.
    pub case: Option<Uuid>,
}

impl DoorName {
    /// Reads a name in any letters.
    pub fn read(text: &str) -> Self {
        let text = text.trim();
        let bare = text.strip_prefix("uuid:").unwrap_or(text);
        let id = Uuid::parse_str(bare).ok().filter(|id| !id.is_nil() && bare.len() == 36);
        Self { text: text.to_owned(), id, case: id.and_then(case_of_entity) }
    }
}

/// The id under which a case stands in an entity list: clients keep their own changes only for ids of version 4.
pub fn entity_of_case(case: Uuid) -> Option<Uuid> {
    turned(case, Version::Sha1, 4)
}

/// The case of such an id; `None` where it is no id of version 4.
pub fn case_of_entity(entity: Uuid) -> Option<Uuid> {
    turned(entity, Version::Random, 5)
}

fn turned(id: Uuid, from: Version, to: u8) -> Option<Uuid> {
    (id.get_version() == Some(from)).then(|| {
        let mut bytes = *id.as_bytes();
        bytes[6] = (bytes[6] & 0x0f) | (to << 4);
        Uuid::from_bytes(bytes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_and_its_entity_are_turned_into_each_other() {
        let case = Uuid::new_v5(&Uuid::from_u128(7), b"census");
        let entity = entity_of_case(case).unwrap();
        assert_ne!(entity, case);
        assert_eq!(case_of_entity(entity), Some(case));
        assert_eq!(entity_of_case(entity), None);
        let name = DoorName::read(&format!(" {} ", entity.to_string().to_uppercase()));
        assert_eq!((name.id, name.case), (Some(entity), Some(case)));
        assert_eq!(DoorName::read("二单元301").id, None);
    }
}
