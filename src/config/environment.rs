//! Mistyped settings: an environment variable that looks like ours and is none is an error with a suggestion, because a
//! setting that is silently ignored is found out at the worst time.

use super::Cli;
use clap::CommandFactory;

/// What all variables begin with that are ours alone.
const PREFIX: &str = "MILLSTREAM_";

/// The complaint about the first variable among `names` that looks like ours and is none.
pub(crate) fn check_names(names: impl Iterator<Item = String>) -> Result<(), String> {
    let known = known_names();
    let Some(wrong) = names
        .filter(|name| name.starts_with(PREFIX))
        .find(|name| !known.contains(name))
    else {
        return Ok(());
    };
    let nearest = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(known, &wrong), known))
        .min()
        .filter(|(distance, _)| *distance <= wrong.len() / 3);
    let hint = match nearest {
        Some((_, known)) => format!("did you mean {known}?"),
        None => "`millstream --help` lists them all".to_owned(),
    };
    Err(format!("there is no setting {wrong}: {hint}"))
}

fn known_names() -> Vec<String> {
    let command = Cli::command();
    command
        .get_arguments()
        .filter_map(|arg| Some(arg.get_env()?.to_str()?.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str]) -> Result<(), String> {
        check_names(names.iter().map(|name| (*name).to_owned()))
    }

    #[test]
    fn a_mistyped_setting_is_told_with_the_right_one() {
        let told = check(&["PATH", "MILLSTREAM_LISTNE"]).expect_err("mistyped");
        assert_eq!(
            told,
            "there is no setting MILLSTREAM_LISTNE: did you mean MILLSTREAM_LISTEN?"
        );
    }

    #[test]
    fn settings_that_exist_are_fine() {
        assert_eq!(
            check(&["MILLSTREAM_DATA_DIR", "MILLSTREAM_SETUP_SECRET", "HOME"]),
            Ok(())
        );
    }

    #[test]
    fn something_else_entirely_gets_the_way_to_the_list() {
        let told = check(&["MILLSTREAM_COFFEE_STRENGTH_OF_THE_DAY"]).expect_err("unknown");
        assert!(told.contains("--help"), "{told}");
    }
}
