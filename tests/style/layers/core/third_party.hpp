// SPDX-License-Identifier: BSL-1.0
/// Wrong on purpose: a core header includes a third party.
#pragma once

#include <boost/math/distributions.hpp>
