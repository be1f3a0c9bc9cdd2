// SPDX-License-Identifier: BSL-1.0
/// Findings as a table, files and a page.
#pragma once

#include <span>

#include "options.hpp"
#include "study.hpp"

/// Prints the table and writes table.csv, curves.csv, the plots and report.html under
/// `options.out`.
void write_results(const Options& options, std::span<const Findings> findings);
