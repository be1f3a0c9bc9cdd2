// SPDX-License-Identifier: BSL-1.0
/// The formats and guards that programs offer, as networks to be made.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <upset/nn/network.hpp>

/// A format of weights and activations under a guard.
struct Choice {
  std::string format;          ///< as given to --format: that of the weights
  std::string guard;           ///< as given to --guard
  bool is_calibrated = false;  ///< activations have scales that are fitted to pictures
  bool is_centred = false;     ///< activations are moved around zero before they are rounded
  /// The network in this format, from a float one.
  std::function<upset::Network(const upset::Network&)> build;
  /// One whose layers a file holds in this format, under the guard; none where no file does.
  std::function<upset::Network(const upset::Network&)> guard_stored{};
};

[[nodiscard]] std::vector<Choice> float_choices();
[[nodiscard]] std::vector<Choice> small_float_choices();
[[nodiscard]] std::vector<Choice> integer_choices();
[[nodiscard]] std::vector<Choice> fixed_choices();
[[nodiscard]] std::vector<Choice> sign_choices();

/// All of them, in the order in which they are listed.
[[nodiscard]] std::vector<Choice> all_choices();

/// "Float32 (none, parity, ...); ..."
[[nodiscard]] std::string known_choices();

/// Throws `upset::Error` where there is none.
[[nodiscard]] Choice find_choice(const std::string& format, const std::string& guard);

/// `net`, of floats, as `choice` has it; scales of activations are fitted to the pictures that
/// `look` gives, which is called where there are any.
[[nodiscard]] upset::Network in_format(const upset::Network& net, const Choice& choice,
                                       const std::function<upset::Tensor()>& look);
