//! Which templates are being rendered at this moment, on which thread: for whoever has to say which one
//! took all the memory, when it cannot be asked any more.

use std::cell::OnceCell;
use std::sync::{Arc, Mutex};

/// The template of a thread, by the file or the row that it is in.
type Slot = Arc<Mutex<Option<String>>>;

/// The slot of every thread that ever rendered.
static SLOTS: Mutex<Vec<Slot>> = Mutex::new(Vec::new());

thread_local! {
    static SLOT: OnceCell<Slot> = const { OnceCell::new() };
}

/// Notes the template while it is rendered.
pub(super) fn noted<T>(origin: &str, render: impl FnOnce() -> T) -> T {
    set(Some(origin.to_string()));
    let rendered = render();
    set(None);
    rendered
}

fn set(origin: Option<String>) {
    SLOT.with(|slot| {
        let slot = slot.get_or_init(|| {
            let slot = Slot::default();
            if let Ok(mut slots) = SLOTS.lock() {
                slots.push(Arc::clone(&slot));
            }
            slot
        });
        if let Ok(mut now) = slot.lock() {
            *now = origin;
        }
    });
}

/// The templates that are being rendered, by the files or rows that they are in.
pub fn rendering_now() -> Vec<String> {
    let slots = SLOTS.lock().map(|slots| slots.clone()).unwrap_or_default();
    let origins = slots.iter().filter_map(|slot| slot.lock().ok()?.clone());
    origins.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_known_while_it_is_rendered() {
        let origin = "robbieblocks_components/only-here";
        let knows = || rendering_now().iter().any(|now| now == origin);
        assert!(noted(origin, knows));
        assert!(!knows());
    }
}
