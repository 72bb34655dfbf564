#pragma once
/// Made by scripts/make_trajectories.py: where each rule is after 40 steps.

#include <array>

namespace cauchy::optimize {

struct Trajectory {
  const char* method;
  std::array<double, 3> end;
};

inline constexpr std::array<Trajectory, 8> trajectories{{
    {"gradient_descent", {0.6920390328089622, -0.2997477794921313, -0.14341797925424946}},
    {"momentum", {0.6164136605812948, -0.239670772829443, -0.11810392070926988}},
    {"nesterov", {0.6224684618836754, -0.24797474410902115, -0.12417058384036246}},
    {"adagrad", {1.2712437668248362, -1.4937547986002102, 0.022683260522841718}},
    {"rmsprop", {0.625000001617789, -0.2500000016294481, -0.12500000064075512}},
    {"adam", {0.7229765068605042, -0.5323602188664713, -0.37158505567840294}},
    {"adamw", {0.5410920711703295, -0.22629637886006065, -0.20077564736676712}},
    {"lamb", {0.5166914078870111, -0.139875039497903, -0.09767543466777295}},
}};

}  // namespace cauchy::optimize
