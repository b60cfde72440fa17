//! Which templates are being rendered at this moment, on which thread: for whoever has to say which one
//! took all the memory or does not end, when it cannot be asked any more.

use std::cell::OnceCell;
use std::sync::{Arc, Mutex};

/// What a thread renders: the file or the row that the template is in, and the number of the rendering.
type Slot = Arc<Mutex<(u64, Option<String>)>>;

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
            *now = (now.0 + 1, origin);
        }
    });
}

/// A template that is being rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendering {
    /// The thread, and how many things it has rendered: another rendering has another number.
    pub number: (usize, u64),
    /// The file or the row that the template is in.
    pub origin: String,
}

/// The templates that are being rendered.
pub fn rendering_now() -> Vec<Rendering> {
    let slots = SLOTS.lock().map(|slots| slots.clone()).unwrap_or_default();
    let mut now = Vec::new();
    for (thread, slot) in slots.iter().enumerate() {
        if let Ok(slot) = slot.lock()
            && let (number, Some(origin)) = &*slot
        {
            now.push(Rendering {
                number: (thread, *number),
                origin: origin.clone(),
            });
        }
    }
    now
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_known_while_it_is_rendered() {
        let origin = "robbieblocks_components/only-here";
        let knows = || rendering_now().iter().any(|now| now.origin == origin);
        assert!(noted(origin, knows));
        assert!(!knows());
    }
}
