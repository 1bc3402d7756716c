// towline-worker: the agent with its ready-made job types.

#include "worker/agent_main.h"

int main(int argc, char** argv) { return towline::worker::Main(argc, argv); }
