// SPDX-License-Identifier: BSL-1.0
/// The formats and guards that programs offer, as networks to be made.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <upset/nn/network.hpp>
#include <upset/nn/weights.hpp>

namespace CLI {
class App;
}

/// What helps weights that are rounded after training, beyond scales that fit.
struct Quantisation {
  bool is_equalised = false;      ///< `equalize` before
  bool biases_corrected = false;  ///< `correct_biases` after, under the guard
  bool is_per_channel = false;    ///< a scale for each output of a kernel, else one for all

  /// "equalised, biases corrected, per channel" or what of it there is.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] static Quantisation in(const std::string& text);
};

/// --equalise, --correct-biases, --per-channel
void add_options(CLI::App& app, Quantisation& quantisation);

/// Throws `upset::Error` where batch norms would stand between the layers to be equalised.
void check(const Quantisation& quantisation, bool is_folded);

/// A format of weights and activations under a guard.
struct Choice {
  std::string format;          ///< as given to --format: that of the weights
  std::string guard;           ///< as given to --guard
  bool has_scale = false;      ///< of weights
  bool is_calibrated = false;  ///< activations have scales that are fitted to pictures
  bool is_centred = false;     ///< activations are moved around zero before they are rounded
  /// The network in this format, from a float one.
  std::function<upset::Network(const upset::Network&, upset::Granularity)> build;
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

/// "Float32, BFloat16, ... (none, parity, ...); ..."
[[nodiscard]] std::string known_choices();

/// Throws `upset::Error` where there is none.
[[nodiscard]] Choice find_choice(const std::string& format, const std::string& guard);

/// Whether `in_format` fits anything to pictures.
[[nodiscard]] bool is_fitted(const Choice& choice, const Quantisation& quantisation);

/// `net`, of floats, as `choice` has it; scales of activations and what else depends on them are
/// fitted to the pictures that `look` gives, which is called where it is needed.
[[nodiscard]] upset::Network in_format(const upset::Network& net, const Choice& choice,
                                       const Quantisation& quantisation,
                                       const std::function<upset::Tensor()>& look);
