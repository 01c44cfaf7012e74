// An emergency disclosure (42 CFR 2.51): what consent holds back goes after all, and who decided it is on record.
#include "flow/held_back.h"
#include "service/answers.h"
#include "service/api.h"
#include "service/json_text.h"

#include <charconv>

namespace bhi::service {

http::Response Api::disclose_in_emergency(const Call& call) {
  return as(call, At::Patients, "disclose-in-emergency", [&](const Who& who) {
    // The law wants to know which person disclosed it: a practice that has entered no team cannot say.
    if (who.unbound || who.member.empty()) {
      return error_answer(
          {Kind::Forbidden, "X-BHI-Member: an emergency disclosure needs a member of the entered team"});
    }
    const auto& text = call.at("seq");
    std::int64_t seq = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seq);
    if (error != std::errc() || end != text.data() + text.size() || seq < 1) {
      return error_answer({Kind::Incorrect, "seq: expected the number of an outbox item"});
    }
    const auto body = body_of(call);
    if (!body.ok()) return error_answer(body.error());
    const auto& said = (*body)->root();
    for (const auto& member : said.members()) {
      if (member.name->text != "recipient" && member.name->text != "nature")
        return error_answer({Kind::Incorrect, "expected {recipient, nature}, found another element"});
    }
    const auto item = flow::disclose_in_emergency(
        parts_.store, seq,
        {std::string(said.text_of("recipient")), std::string(said.text_of("nature")), who.actor().name_in_audit()},
        parts_.now());
    if (!item.ok()) return error_answer(item.error());
    parts_.wake_deliveries();
    return json_answer(202, JsonObject()
                                .number("seq", item->seq)
                                .text("destination", item->destination)
                                .text("state", flow::name(item->state))
                                .raw("emergency", item->emergency)
                                .str());
  });
}

}  // namespace bhi::service
