// SPDX-License-Identifier: BSL-1.0
/// Findings as a table, files and a page.
#pragma once

#include "options.hpp"
#include "subject.hpp"

#include <upset/campaign/journal.hpp>
#include <upset/campaign/run.hpp>
#include <upset/campaign/trial_source.hpp>

/// Makes the folder of the results. Throws `upset::Error` where nothing can be written.
void prepare_out(const Options& options);

/// Prints the tables, and writes under `options.out` trials.csv, what `write_campaign` does, and of
/// a list outcomes.csv.
void write_results(const Options& options, CampaignSubject& subject,
                   const upset::TrialSource& source, const upset::JournalReader& journal,
                   const upset::CampaignState& state);
