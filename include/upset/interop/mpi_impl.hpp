// SPDX-License-Identifier: BSL-1.0
/// How trials are handed out; included by mpi.hpp only.
#pragma once

#include <algorithm>
#include <deque>

#include <upset/interop/mpi.hpp>

namespace upset {

inline std::vector<Outcomes> MpiTrials::run(std::span<const std::uint64_t> trials,
                                            const Finished& finished, const TrialRunner& local,
                                            const MpiOptions& options) {
  std::vector<Outcomes> outcomes(trials.size());
  std::deque<std::pair<std::size_t, std::size_t>> waiting;  // first trial and count
  const std::size_t most = std::max<std::size_t>(
      1, trials.size() / (options.pieces * std::max<std::size_t>(1, idle_.size() + busy_.size())));
  for (std::size_t first = 0; first < trials.size(); first += most) {
    waiting.emplace_back(first, std::min(most, trials.size() - first));
  }
  std::map<std::uint64_t, Piece> pieces;  // of this chunk that nobody has answered
  const auto give_back = [&](std::uint64_t number) {
    if (const auto piece = pieces.find(number); piece != pieces.end()) {
      waiting.emplace_front(piece->second.first, piece->second.count);
      pieces.erase(piece);
    }
  };
  const auto take_answer = [&](const MPI_Status& status) {
    const int rank = status.MPI_SOURCE;
    const std::vector<std::uint64_t> message = receive(status);
    const std::uint64_t number = answered(rank);
    if (status.MPI_TAG == failure_tag) {
      give_back(number);
      options.lost("process " + std::to_string(rank) + ": " +
                   std::string(message.begin() + 1, message.end()));
      return;
    }
    idle_.push_back(rank);
    const auto piece = pieces.find(message.front());
    if (piece == pieces.end()) {
      return;  // of a chunk that was given up, or done by another process
    }
    std::uint64_t pairs = 0;
    auto count = message.begin() + 1;
    for (std::size_t i = 0; i < piece->second.count; ++i) {
      for (const Outcomes::Field& field : Outcomes::fields()) {
        outcomes[piece->second.first + i].*field.count = *count++;
      }
      pairs += outcomes[piece->second.first + i].images;
    }
    pieces.erase(piece);
    finished(pairs);
  };

  while (!waiting.empty() || !pieces.empty()) {
    for (; !waiting.empty() && !idle_.empty(); idle_.pop_back()) {
      const auto [first, count] = waiting.front();
      const auto numbers = trials.subspan(first, count);
      std::vector<std::uint64_t> message{next_piece_};
      message.insert(message.end(), numbers.begin(), numbers.end());
      send(message, idle_.back(), work_tag);
      pieces[next_piece_] = {first, count, idle_.back(), Clock::now()};
      busy_[idle_.back()] = next_piece_++;
      waiting.pop_front();
    }
    if (busy_.empty() && !waiting.empty()) {
      const auto [first, count] = waiting.front();
      std::ranges::copy(local(trials.subspan(first, count), finished),
                        outcomes.begin() + static_cast<std::ptrdiff_t>(first));
      waiting.pop_front();
      continue;
    }
    if (const auto status = waiting_message()) {
      take_answer(*status);
      continue;
    }
    finished(0);  // throws where the campaign is to be stopped
    for (const auto& [number, piece] : std::map(pieces)) {
      if (std::chrono::duration<double>(Clock::now() - piece.begin).count() > options.patience) {
        busy_.erase(piece.rank);
        ++silent_;
        give_back(number);
        options.lost("process " + std::to_string(piece.rank) + ": no answer for " +
                     std::to_string(options.patience) + " s");
      }
    }
  }
  return outcomes;
}

}  // namespace upset
