// The parts of a page about one EHR, shared by `bhi capabilities` and `bhi doctor`.
#pragma once

#include "bhi/commands.h"
#include "flow/poll_choice.h"
#include "flow/ports.h"
#include "service/settings.h"

#include <ostream>

namespace bhi::tools {

// How the configuration wants news of this source to be found.
flow::PollWishes wishes_of(const service::SourceSettings& source);

// Where tokens come from and what is said of how, as found without a token.
void print_discovery(const service::SourceSettings& source, std::ostream& out);

// Reading and writing, type by type, with reasons; how old the picture may be for so many patients.
void print_page(const flow::Capabilities& capabilities, const service::SourceSettings& source, int patients,
                std::ostream& out);

// A block of the configuration to begin with, as the page above suggests it.
void print_block(const flow::Capabilities& capabilities, const service::SourceSettings& source, std::ostream& out);

// An EHR as the command line names it.
service::SourceSettings source_of(const CapabilitiesOptions& options);

// Of which types of the write plan a lost answer cannot be cleared up by our identifier.
void print_lost_answers(const flow::Capabilities& capabilities, const service::SourceSettings& source,
                        std::ostream& out);

}  // namespace bhi::tools
