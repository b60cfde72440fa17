// Stories of single components: each is used as a visitor uses it.

import { alive, assert, assertEqual, go, until } from "./tools.mjs";

/** The live page, and the block of one component on it. */
async function live({ origin, open }, block) {
  const { page } = await open();
  await go({ page }, origin, "live");
  await alive(page);
  return { page, part: page.locator(`#${block}`), button: (name) => page.locator(`#${block}`).getByRole("button", { name, exact: true }) };
}

/** Waits until a block says something. */
const says = (page, block, words) =>
  until(page, `#${block} to say ${words}`, ([id, wanted]) => document.getElementById(id).textContent.includes(wanted), [block, words]);

const focused = (page) => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent);

export const parts = {
  async "a chat takes messages"(told) {
    const { page, part, button } = await live(told, "chat-panel");
    const field = part.getByRole("textbox", { name: "Message" });
    assert(await button("Send").isDisabled(), "an empty message can be sent");
    await field.pressSequentially("It came <today> & is heavy");
    await button("Send").click();
    await says(page, "chat-panel", "You: It came <today> & is heavy");
    await says(page, "chat-panel", "4 messages");
    assertEqual(await field.inputValue(), "", "what is left in the field");
    await field.fill("Enter sends");
    await field.press("Enter");
    await says(page, "chat-panel", "5 messages");
  },

  async "a counter counts"(told) {
    const { page, button } = await live(told, "counter");
    await button("More").click();
    await button("More").click();
    await button("Less").click();
    await says(page, "counter", "Chips: 15");
  },

  async "an accordion opens one at a time"(told) {
    const { page, part } = await live(told, "faq-accordion");
    const [first, second] = [part.getByRole("button").nth(0), part.getByRole("button").nth(1)];
    assertEqual([await first.getAttribute("aria-expanded"), await second.getAttribute("aria-expanded")], ["true", "false"], "what is open");
    await second.click();
    await part.getByRole("region", { name: "Does the dealer cheat?" }).waitFor();
    assert(await part.getByText("Every hand can be replayed.").isVisible(), "the second answer is not seen");
    assert(!(await part.getByText("No. The chips").isVisible()), "the first answer is seen");
    await second.click();
    await until(page, "all to be closed", () => document.querySelectorAll("#faq-accordion [aria-expanded=true]").length === 0);
  },

  async "a table sorts and is filtered"(told) {
    const { page, part, button } = await live(told, "data-table");
    const towns = () => part.locator("tbody tr td:first-child").allTextContents();
    assertEqual(await towns(), ["Vengeance", "Aurora", "Fluenti"], "the towns");
    await button("Players").click();
    await says(page, "data-table", "Players ↑");
    assertEqual(await towns(), ["Aurora", "Vengeance", "Fluenti"], "the towns by players");
    await button("Players ↑").click();
    await says(page, "data-table", "Players ↓");
    assertEqual(await towns(), ["Fluenti", "Vengeance", "Aurora"], "the towns by players, most first");
    await button("Town").click();
    await says(page, "data-table", "Town ↑");
    assertEqual(await towns(), ["Aurora", "Fluenti", "Vengeance"], "the towns by name");
    await part.getByRole("searchbox").pressSequentially("uenti");
    await says(page, "data-table", "1 of 3 rows");
    assertEqual(await towns(), ["Fluenti"], "what is found");
    await part.getByRole("searchbox").fill("nowhere");
    await says(page, "data-table", "Nothing found");
  },

  async "tasks move from column to column"(told) {
    const { page, part, button } = await live(told, "task-board");
    await button("Move October invoices on").click();
    await says(page, "task-board", "Doing (2)");
    await button("Move October invoices on").click();
    await says(page, "task-board", "Done (2)");
    assertEqual(await button("Move October invoices on").count(), 0, "the ways on from the last column");
    await part.getByRole("region", { name: "To do" }).getByRole("button", { name: "+ Add" }).click();
    await says(page, "task-board", "Task 4");
  },

  async "notes are written, added and thrown away"(told) {
    const { page, part, button } = await live(told, "sticky-notes");
    const notes = part.getByRole("textbox");
    assertEqual(await notes.nth(0).inputValue(), "Buy milk\nand <bread>", "the first note");
    assertEqual(await notes.nth(1).inputValue(), "Begins here\nand goes on", "the second note");
    await button("New note").click();
    await says(page, "sticky-notes", "3 notes");
    await notes.nth(2).pressSequentially("12345");
    await says(page, "sticky-notes", "3 notes, 48 characters");
    await part.getByTitle("Throw away").nth(0).click();
    await says(page, "sticky-notes", "2 notes, 28 characters");
    assertEqual(await notes.nth(1).inputValue(), "12345", "the note that was written");
  },

  async "a hand of blackjack is played"(told) {
    const { page, part, button } = await live(told, "blackjack-table");
    const points = async () => Number(await part.locator("[data-points]").textContent());
    const before = await points();
    await button("Stand").click();
    await until(page, "the end", () => /You (win|lose) 5 chips/.test(document.querySelector("#blackjack-table").textContent));
    await button("Again").click();
    await says(page, "blackjack-table", "Your bet is 5 chips");
    assertEqual(await points(), before, "the points of the same hand");
    for (let hits = 0; hits < 12 && (await button("Hit").isEnabled()); hits += 1) {
      const cards = await part.locator("span").count();
      await button("Hit").click();
      await until(page, "a card", (wanted) => document.querySelectorAll("#blackjack-table span").length > wanted, cards);
    }
    await says(page, "blackjack-table", "You lose 5 chips");
  },

  async "a popover opens, has the focus, and closes with Escape"({ deadline, ...told }) {
    const { page, button } = await live(told, "help-popover");
    await button("How to play").click();
    await page.getByRole("dialog", { name: "How to play" }).waitFor();
    assertEqual(await focused(page), "How to play", "what has the focus");
    // An effect that listens may begin after what it is for is seen.
    const isOpen = () => page.getByRole("dialog").count();
    for (const last = Date.now() + deadline; (await isOpen()) && Date.now() < last; ) await page.keyboard.press("Escape");
    assertEqual(await isOpen(), 0, "the dialogs that are open");
  },

  async "a mood is picked"(told) {
    const { page, button } = await live(told, "mood-picker");
    assertEqual(await button("sleepy").getAttribute("aria-pressed"), "true", "the first mood");
    await button("playful").click();
    await says(page, "mood-picker", "Robbie is playful");
    assertEqual(await button("playful").getAttribute("aria-pressed"), "true", "the second mood");
  },

  async "tabs are moved through by keyboard"(told) {
    const { page, part } = await live(told, "tab-panel");
    await part.getByRole("tab", { name: "Payouts" }).click();
    await part.getByRole("tabpanel", { name: "Payouts" }).waitFor();
    await page.keyboard.press("ArrowRight");
    await part.getByRole("tabpanel", { name: "History" }).waitFor();
    assertEqual(await focused(page), "History", "what has the focus");
    await page.keyboard.press("ArrowRight");
    await part.getByRole("tabpanel", { name: "Rules" }).waitFor();
  },

  async "every control of a form tells of every key"(told) {
    const { page, part, button } = await live(told, "contact-form");
    const heard = (words) => says(page, "contact-form", words);
    await heard("Hello stranger: Money, 13 characters, not urgent, by mail");
    assertEqual(await part.getByLabel("About").inputValue(), "money", "what is selected");
    assertEqual(await part.getByLabel("Text").inputValue(), "Dear Robbie,\n", "the text");
    assert(await part.getByLabel("Send me news").isChecked(), "the second box is not checked");
    assert(await button("Send").isDisabled(), "nobody can send it");
    for (const [key, name] of [["A", "A"], ["d", "Ad"], ["a", "Ada"]]) {
      await part.getByLabel("Name").press(key);
      await heard(`Hello ${name}:`);
    }
    await part.getByRole("textbox", { name: "Mail" }).pressSequentially("ada");
    await part.getByRole("alert").waitFor();
    await part.getByRole("textbox", { name: "Mail" }).pressSequentially("@example.org");
    await part.getByRole("alert").waitFor({ state: "detached" });
    await part.getByLabel("About").selectOption("table");
    await heard("A table, 13 characters");
    await part.getByLabel("Text").press("End");
    await part.getByLabel("Text").pressSequentially("!");
    await heard("A table, 14 characters");
    await part.getByLabel("Urgent").check();
    await heard("14 characters, urgent");
    await part.getByLabel("phone").check();
    await heard("urgent, by phone");
    assert(!(await part.getByRole("radio", { name: "mail" }).isChecked()), "both ways to answer are chosen");
    await button("Send").click();
    await heard('"mail":"ada@example.org","topic":"table"');
  },

  async "a search finds while it is typed"(told) {
    const { page, part } = await live(told, "search-box");
    const field = part.getByRole("searchbox");
    await field.press("b");
    await says(page, "search-box", "3 found, 1 asked");
    await field.press("l");
    await says(page, "search-box", "1 found, 2 asked");
    assertEqual(await part.locator("mark").allTextContents(), ["Bl"], "what is marked");
    await field.fill("xyz");
    await says(page, "search-box", "Nothing for “xyz”, 3 asked");
    await field.fill("");
    await says(page, "search-box", "3 found");
  },

  async "a dialog takes the focus and gives it back"(told) {
    const { page, button } = await live(told, "modal-dialog");
    const onYes = () => until(page, "the focus on the first answer", () => document.activeElement.textContent === "Yes");
    await button("Leave the table").click();
    const dialog = page.getByRole("dialog", { name: "Leave now?" });
    await dialog.waitFor();
    await onYes();
    assertEqual(await dialog.evaluate((element) => element.closest("main")), null, "the part of the page that it is in");
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    await says(page, "modal-dialog", "You said yes");
    await until(page, "the focus on what opened it", () => document.activeElement.textContent === "Leave the table");
    await button("Leave the table").click();
    await onYes();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  },

  async "a class lives through its cycle"(told) {
    const { page, button } = await live(told, "key-log");
    for (const key of ["a", "b", "c"]) await page.keyboard.press(key);
    await says(page, "key-log", "Pressed (last 2): b c");
    await button("Pause").click();
    await says(page, "key-log", "Watch");
    await page.keyboard.press("d");
    await button("Watch").click();
    await says(page, "key-log", "Pause");
    await page.keyboard.press("e");
    await says(page, "key-log", "c e");
  },

  async "a cart adds up"(told) {
    const { page, button } = await live(told, "shop-cart");
    await button("More A deck of cards").click();
    await button("More A deck of cards").click();
    await button("More A table").click();
    await says(page, "shop-cart", "Sum: $1,324.00");
    await button("Less A deck of cards").click();
    await says(page, "shop-cart", "Sum: $1,311.50");
    await button("Empty").click();
    await says(page, "shop-cart", "Sum: $0.00");
    assert(await button("Less A table").isDisabled(), "less than nothing can be had");
  },

  async "a field is reached and emptied through its handle"(told) {
    const { page, part, button } = await live(told, "focus-field");
    await button("Go to the code").click();
    await page.keyboard.type("123456789");
    await says(page, "focus-field", "9/8");
    await button("Clear").click();
    await says(page, "focus-field", "0/8");
    assertEqual(await part.getByRole("textbox").inputValue(), "", "what is left of it");
  },
};
