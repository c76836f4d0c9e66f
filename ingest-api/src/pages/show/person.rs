//! People, as a round mark with their initials.

use millstream_domain::ids::UserId;

/// How many colours there are for people.
const HUES: u32 = 10;

/// Somebody's mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Avatar {
    /// Up to two letters.
    pub(crate) initials: String,
    /// Which colour; always the same for a person.
    pub(crate) hue: u32,
    /// Their name.
    pub(crate) name: String,
}

impl Avatar {
    /// The mark of this person.
    pub(crate) fn of(id: UserId, name: &str) -> Self {
        let sum = id.0.as_bytes().iter().fold(0_u32, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u32::from(*byte))
        });
        let hue = sum % HUES;
        Self {
            initials: initials(name),
            hue,
            name: name.to_owned(),
        }
    }
}

/// The first letters of the first and the last word.
fn initials(name: &str) -> String {
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    let mut words = words.by_ref().filter(|word| !word.is_empty());
    let first = words.next().and_then(|word| word.chars().next());
    let last = words.next_back().and_then(|word| word.chars().next());
    let letters: String = first.into_iter().chain(last).collect();
    letters.to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn initials_come_from_the_first_and_the_last_word() {
        for (name, expected) in [
            ("Ada Lovelace", "AL"),
            ("grace", "G"),
            ("Anna Maria von der Mühle", "AM"),
            ("jean-luc", "JL"),
            ("  ", ""),
            ("李 小龙", "李小"),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }
}
