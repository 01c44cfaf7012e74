#include "fhir/tree_builder.h"

#include "fhir/text_scan.h"

#include <algorithm>
#include <cstring>

namespace bhi::fhir {

namespace {

// The reader calls itself for each level; no configuration may let a text end the stack.
constexpr std::size_t kDeepest = 1000;
constexpr std::size_t kFewMembers = 16;

__extension__ using Wide = unsigned __int128;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// Only names that our definitions know are printed: anything else is the sender's text and may be about a person.
std::string printable(const Name& name) { return name.interned ? std::string(name.text) : "?"; }

std::string type_of(std::span<const Member> members) {
  for (const Member& member : members) {
    if (member.name == nullptr || member.name->text != "resourceType") continue;
    const std::string_view text = member.value.text();
    if (text.size() <= 64 && find_name(text) != nullptr) return std::string(text);
  }
  return {};
}

}  // namespace

UnknownNames::UnknownNames(Arena& arena) : arena_(arena) {
  // Where the system has put us differs from run to run; nobody outside can prepare names that all collide.
  seed_ = mix(reinterpret_cast<std::uintptr_t>(this) ^ 0x9e3779b97f4a7c15u,
              reinterpret_cast<std::uintptr_t>(&find_name) ^ 0xd6e8feb86659fd93u);
}

std::uint64_t UnknownNames::hash(std::string_view text) const {
  std::uint64_t state = seed_ ^ text.size();
  while (!text.empty()) {
    std::uint64_t word = 0;
    const std::size_t size = std::min(text.size(), sizeof word);
    std::memcpy(&word, text.data(), size);
    state = mix(state ^ word ^ 0xa0761d6478bd642fu, seed_ ^ 0xe7037ed1a0b428dbu);
    text.remove_prefix(size);
  }
  return mix(state, seed_ | 1);
}

const Name& UnknownNames::make(std::string_view text) {
  if (used_ * 2 >= slots_.size()) grow();
  const std::uint64_t wanted = hash(text);
  std::size_t at = wanted & (slots_.size() - 1);
  for (; slots_[at].name != nullptr; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at].hash == wanted && slots_[at].name->text == text) return *slots_[at].name;
  }
  slots_[at] = {arena_.make<Name>(text, nullptr, false), wanted};
  ++used_;
  return *slots_[at].name;
}

void UnknownNames::grow() {
  std::vector<Slot> larger(std::max<std::size_t>(64, slots_.size() * 2));
  for (const Slot& slot : slots_) {
    if (slot.name == nullptr) continue;
    std::size_t at = slot.hash & (larger.size() - 1);
    while (larger[at].name != nullptr) at = (at + 1) & (larger.size() - 1);
    larger[at] = slot;
  }
  slots_ = std::move(larger);
}

TreeBuilder::TreeBuilder(Arena& arena, const ReadLimits& limits, bool check_texts, std::size_t text_bytes)
    : arena_(arena),
      limits_(limits),
      max_depth_(std::min(limits.max_depth, kDeepest)),
      check_texts_(check_texts),
      interned_(*name_table::current.load(std::memory_order_acquire)),
      unknown_names_(arena),
      capacity_(std::clamp<std::size_t>(text_bytes / 64, 64, 1024)) {
  entries_.reset(new Member[capacity_]);
  open_.reset(new std::size_t[max_depth_]);
}

bool TreeBuilder::end_object(std::size_t count) {
  Member* const first = &entries_[used_ - count];
  if (limits_.refuse_repeated_names && count > 1 && !all_different({first, count})) return false;
  const auto members = arena_.copy(std::span<const Member>(first, count));
  used_ -= count;
  --depth_;
  entries_[used_ - 1].value = unknown_names_.any() ? Node::object(members) : Node::object(members, false);
  return true;
}

bool TreeBuilder::end_array(std::size_t count) {
  const Member* const first = &entries_[used_ - count];
  Node* const elements = arena_.array<Node>(count);
  for (std::size_t i = 0; i < count; ++i) elements[i] = first[i].value;
  used_ -= count;
  --depth_;
  entries_[used_ - 1].value = Node::array({elements, count});
  return true;
}

// Within one document equal names are one pointer.
bool TreeBuilder::all_different(std::span<const Member> members) {
  const Name* repeated = nullptr;
  if (members.size() <= kFewMembers) {
    for (std::size_t i = 1; i < members.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (members[i].name == members[j].name) repeated = members[i].name;
      }
    }
  } else {
    std::vector<const Name*> names;
    names.reserve(members.size());
    for (const Member& member : members) names.push_back(member.name);
    std::ranges::sort(names);
    const auto found = std::ranges::adjacent_find(names);
    if (found != names.end()) repeated = *found;
  }
  if (repeated == nullptr) return true;
  name_ = nullptr;
  return refuse("expected each name once in an object, found " +
                (repeated->interned ? "'" + std::string(repeated->text) + "'" : std::string("one")) + " twice");
}

bool TreeBuilder::is_allowed(std::string_view text) {
  if (limits_.refuse_nul && text.find('\0') != std::string_view::npos) {
    return refuse("expected text without NUL, found the escape of NUL");
  }
  if (!is_utf8(text)) return refuse("expected a pair of surrogate escapes, found half of one");
  return true;
}

bool TreeBuilder::refuse_depth() {
  return refuse("expected at most " + std::to_string(max_depth_) +
                " levels of objects and arrays (limit max_depth), found more");
}

bool TreeBuilder::refuse_values() {
  return refuse("expected at most " + std::to_string(limits_.max_values) + " values (limit max_values), found more");
}

bool TreeBuilder::refuse(std::string fault) {
  fault_ = std::move(fault);
  return false;
}

void TreeBuilder::grow() {
  std::unique_ptr<Member[]> larger(new Member[capacity_ * 2]);
  std::copy_n(entries_.get(), used_, larger.get());
  entries_ = std::move(larger);
  capacity_ *= 2;
}

std::string TreeBuilder::path() const {
  std::string path;
  for (std::size_t level = 0; level < depth_; ++level) {
    const std::size_t placeholder = open_[level];
    const bool last = level + 1 == depth_;
    const std::size_t child = last ? used_ : open_[level + 1];
    if (entries_[placeholder].value.is_array()) {
      path += "[" + std::to_string(child - placeholder - 1) + "]";
      continue;
    }
    if (level == 0) path = type_of({&entries_[placeholder + 1], child - placeholder - 1});
    const Name* const name = last ? name_ : entries_[child].name;
    if (name == nullptr || (last && child > placeholder + 1 && entries_[child - 1].name == name))
      continue;  // between values
    if (!path.empty()) path += '.';
    path += printable(*name);
  }
  return path;
}

}  // namespace bhi::fhir
