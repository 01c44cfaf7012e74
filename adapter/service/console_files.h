// The files of adapter/service/console/, compiled in (tools/cmake/rooms.cmake), so that the page needs no folder at run
// time and never differs from its daemon.
#pragma once

#include <string_view>

namespace bhi::service {

extern const std::string_view kConsoleHtml;
extern const std::string_view kConsoleCss;
extern const std::string_view kConsoleJs;

}  // namespace bhi::service
