// Tells shiftlog what happens in OpenCode's sessions, and gives the agent what shiftlog says at their start.
// @mark@
import { spawn } from "node:child_process"

const program = @program@

// Runs one hook; gives what it printed, or nothing after ten seconds. Never fails.
function hook(event, cwd, input) {
  return new Promise((resolve) => {
    try {
      const args = ["hook", event, "--agent", "opencode"]
      const child = spawn(program, args, { cwd, stdio: ["pipe", "pipe", "ignore"] })
      const timer = setTimeout(() => child.kill(), 10000)
      let text = ""
      const end = () => {
        clearTimeout(timer)
        resolve(text.trim())
      }
      child.on("error", end)
      child.on("close", end)
      child.stdout.on("data", (data) => (text += data))
      child.stdin.on("error", () => {})
      child.stdin.end(JSON.stringify({ ...input, cwd, hook_event_name: event }))
    } catch {
      resolve("")
    }
  })
}

export const Shiftlog = async ({ directory }) => {
  // What shiftlog said at the start of each session: a promise of text.
  const said = new Map()
  const start = (id, about) => {
    if (!said.has(id)) {
      said.set(id, hook("session.created", about.cwd || directory, { session_id: id, ...about.more }))
    }
    return said.get(id)
  }
  return {
    event: async ({ event }) => {
      const about = event?.properties ?? {}
      if (event?.type === "session.created" && about.info?.id) {
        const { id, parentID, directory: cwd } = about.info
        await start(id, { cwd, more: { source: "startup", parent_id: parentID } })
      } else if (event?.type === "session.idle" && about.sessionID) {
        await hook(event.type, directory, { session_id: about.sessionID })
      } else if (event?.type === "session.compacted" && about.sessionID) {
        const text = await hook(event.type, directory, { session_id: about.sessionID })
        if (text) said.set(about.sessionID, Promise.resolve(text))
      }
    },
    "chat.message": async (input) => {
      if (!input?.sessionID) return
      await start(input.sessionID, { more: { source: "resume" } })
      void hook("chat.message", directory, { session_id: input.sessionID })
    },
    "experimental.chat.system.transform": async (input, output) => {
      const text = await said.get(input?.sessionID)
      if (text && Array.isArray(output?.system)) output.system.push(text)
    },
  }
}
