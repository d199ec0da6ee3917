"""Quality: companies that earn much on what they own, and whose earnings are cash."""
