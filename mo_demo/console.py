"""The broker's console, used as its administrator and its people use it: pages and forms."""

import re
from dataclasses import dataclass, field
from http import HTTPStatus

from mo_demo.browser import Browser, Page
from mo_demo.forms import Form
from mo_demo.process import DemoError

# The console answers 200 with a banner when it does not take a form.
REFUSED = re.compile(r"couldn(?:'|&#39;)t be")


@dataclass(frozen=True)
class Person:
    """Somebody the administrator registers in the broker."""

    user_name: str
    given_name: str
    family_name: str
    email: str
    organization: str
    password: str = field(repr=False)


@dataclass
class Console:
    """Canaille's console in one browser."""

    url: str
    browser: Browser = field(default_factory=Browser)

    def sign_in(self, user_name: str, password: str) -> Page:
        """Sign in on the console's own pages."""
        page = self.browser.open(f"{self.url}/login")
        page = answer_sign_in(self.browser, page, user_name, password)
        return _expect(page, "/profile/", "sign in")

    def create_person(self, person: Person) -> Page:
        """Register a person on the page *Add a user*."""
        page = self.browser.open(f"{self.url}/profile")
        answers = {
            "user_name": person.user_name,
            "given_name": person.given_name,
            "family_name": person.family_name,
            "display_name": f"{person.given_name} {person.family_name}",
            "emails-0": person.email,
            "organization": person.organization,
            "password1": person.password,
            "password2": person.password,
        }
        form = page.form_with("user_name")
        return self._checked(
            page, self.browser.submit(page, form, answers, "action=create-profile")
        )

    def create_group(self, name: str, description: str) -> Page:
        """Make a group on the page *Create a group*; its maker becomes a member."""
        page = self.browser.open(f"{self.url}/groups/add")
        answers = {"display_name": name, "description": description}
        form = page.form_with("display_name")
        return self._checked(page, self.browser.submit(page, form, answers))

    def add_to_group(self, user_name: str, group: str) -> Page:
        """Choose one more group for a person on the page *Account settings*."""
        page, form = self._settings(user_name, "groups")
        value = form.value_of_option("groups", group)
        answers = {"groups": sorted({*form.chosen("groups"), value})}
        return self._checked(page, self.browser.submit(page, form, answers, "action=edit-settings"))

    def remove_from_group(self, user_name: str, group: str) -> Page:
        """Take a group away from a person on the page *Account settings*."""
        page, form = self._settings(user_name, "groups")
        value = form.value_of_option("groups", group)
        answers = {"groups": [other for other in form.chosen("groups") if other != value]}
        return self._checked(page, self.browser.submit(page, form, answers, "action=edit-settings"))

    def set_organization(self, user_name: str, organization: str) -> Page:
        """Write the field *Organization* on the page *Personal information*."""
        page = self.browser.open(f"{self.url}/profile/{user_name}")
        form = page.form_with("organization")
        answers = {"organization": organization}
        return self._checked(page, self.browser.submit(page, form, answers, "action=edit-profile"))

    def lock(self, user_name: str) -> Page:
        """Lock the account: the button, then its confirmation."""
        return self._confirmed(user_name, "lock")

    def delete_person(self, user_name: str) -> Page:
        """Delete the account: the button, then its confirmation."""
        return self._confirmed(user_name, "delete")

    def unlock(self, user_name: str) -> Page:
        """Unlock a locked account."""
        page, form = self._settings(user_name, "action")
        return self._checked(page, self.browser.submit(page, form, {}, "action=unlock"))

    def _confirmed(self, user_name: str, action: str) -> Page:
        page, form = self._settings(user_name, "action")
        asked = self.browser.submit(page, form, {}, f"action={action}-confirm")
        confirm = asked.form_with("action")
        return self._checked(
            asked, self.browser.submit(asked, confirm, {}, f"action={action}-execute")
        )

    def _settings(self, user_name: str, field_name: str) -> tuple[Page, Form]:
        page = self.browser.open(f"{self.url}/profile/{user_name}/settings")
        return page, page.form_with(field_name)

    @staticmethod
    def _checked(before: Page, after: Page) -> Page:
        if after.status >= HTTPStatus.BAD_REQUEST or REFUSED.search(after.text):
            message = f"{before.url}: the console did not accept it ({after.status})"
            raise DemoError(message)
        return after


def answer_sign_in(browser: Browser, page: Page, user_name: str, password: str) -> Page:
    """Fill in the broker's two sign-in pages, then agree if it asks for consent."""
    page = browser.submit(page, page.form_with("login"), {"login": user_name})
    page = browser.submit(page, page.form_with("password"), {"password": password})
    if page.has_form_with("answer"):
        page = browser.submit(page, page.form_with("answer"), {}, "answer=accept")
    return page


def _expect(page: Page, path: str, step: str) -> Page:
    if page.status == HTTPStatus.OK and path in page.url:
        return page
    message = f"{step}: ended at {re.sub(r'[?].*', '', page.url)} with {page.status}"
    raise DemoError(message)
