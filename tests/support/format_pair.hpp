// SPDX-License-Identifier: BSL-1.0
/// Two formats that are multiplied, as one type of a templated test.
#pragma once

namespace upset::test {

template <class W_, class A_>
struct FormatPair {
  using W = W_;
  using A = A_;
};

}  // namespace upset::test
