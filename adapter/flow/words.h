// The words that coded elements of an entry may have, as the rules themselves name them when another one comes.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace bhi::flow {

// "Contact.modality" -> in-person, phone, video, message, none. Elements of the logical models.
using Words = std::map<std::string, std::vector<std::string>, std::less<>>;

// Asked of care/work_check.h and of the practice's checks: what an empty entry is told it should say.
Words allowed_words();

}  // namespace bhi::flow
