// SPDX-License-Identifier: BSL-1.0
/// Every guard.
#pragma once

#include <upset/guard/msb_duplicated.hpp>
#include <upset/guard/parity_guarded.hpp>
#include <upset/guard/range_guarded.hpp>
#include <upset/guard/secded.hpp>
#include <upset/guard/triplicated.hpp>
