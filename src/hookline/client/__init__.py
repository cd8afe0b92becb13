"""The SDK: pure functions build requests (`requests`) and read answers (`answers`), `verify` is for receivers, and
`gateway.Gateway` is the thin shell that sends. Import the modules you need: each costs only itself.
"""
