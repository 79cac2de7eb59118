//! Choice from a list, by dialoguer. It hides the cursor and reads keys in raw mode, on a thread of its own: the run
//! that ends meanwhile restores both.

use std::io;

use dialoguer::console::Term;
use dialoguer::theme::SimpleTheme;
use dialoguer::{FuzzySelect, MultiSelect};

use super::terminal::{Borrowed, GatedStderr, on_a_thread};
use crate::report::{pause, printable};
use martydb_model::error::{Error, Result};

/// Asks for any number of items; `chosen` says of each whether it is chosen at the beginning. Returns their positions.
pub async fn several_of(question: &str, items: &[String], chosen: bool) -> Result<Vec<usize>> {
    let question = format!("{} (space chooses, a all, Enter confirms)", printable(question));
    let items: Vec<(String, bool)> = items.iter().map(|item| (printable(item), chosen)).collect();
    let ask = move || {
        let select = MultiSelect::with_theme(&SimpleTheme).with_prompt(question).items_checked(items);
        select.interact_on_opt(&terminal())
    };
    answer(ask).await
}

/// Asks for one item; typed letters narrow the list. Returns its position.
pub async fn one_of(question: &str, items: &[String]) -> Result<usize> {
    let question = format!("{} (type to search, Enter confirms)", printable(question));
    let items: Vec<String> = items.iter().map(|item| printable(item)).collect();
    let ask = move || {
        let select = FuzzySelect::with_theme(&SimpleTheme).with_prompt(question).items(items).default(0);
        select.interact_on_opt(&terminal())
    };
    answer(ask).await
}

fn terminal() -> Term {
    Term::read_write_pair(io::stdin(), GatedStderr)
}

/// Waits for the choice. console reads Ctrl-C as a key and raises the signal, which ends the run: no answer comes.
async fn answer<T: Send + 'static>(
    ask: impl FnOnce() -> dialoguer::Result<Option<T>> + Send + 'static,
) -> Result<T> {
    let failed = |error: io::Error| Error::usage("cannot ask for a choice").cause(error);
    let _still = pause();
    let (_borrowed, _) = Borrowed::begin(true).map_err(failed)?;
    let end = on_a_thread(move || match ask() {
        Err(dialoguer::Error::IO(error)) if error.kind() == io::ErrorKind::Interrupted => loop {
            std::thread::park();
        },
        Err(dialoguer::Error::IO(error)) => Err(error),
        Ok(chosen) => Ok(chosen),
    });
    end.await.map_err(failed)?.ok_or_else(|| Error::usage("cancelled: nothing was chosen"))
}
